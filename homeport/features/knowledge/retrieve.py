"""Finds the segments that answer a question: by meaning, by words, or by both."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from homeport.backends.vectors.port import Filter
from homeport.features.knowledge.fuse import fuse
from homeport.features.knowledge.highlight import find_highlights
from homeport.features.knowledge.index_points import IndexTarget, embedder_of, target_of
from homeport.features.knowledge.repository import datasets, documents, segments
from homeport.features.knowledge.room import KnowledgeRoom
from homeport.features.knowledge.tables import Dataset, Document, Segment

DEFAULT_TOP_K = 4
DEFAULT_VECTOR_WEIGHT = 0.7

#: A hybrid search looks at more than it answers: what is second in both lists may be first in all.
_HYBRID_BREADTH = 4
_HYBRID_LEAST = 30
_WIDER = 4


class SearchMethod(StrEnum):
    """How a dataset is searched."""

    SEMANTIC = "semantic_search"
    FULL_TEXT = "full_text_search"
    HYBRID = "hybrid_search"
    KEYWORD = "keyword_search"


@dataclass(frozen=True, slots=True)
class RetrievalOptions:
    """What a caller asks for; None leaves it to what each dataset is set to."""

    method: SearchMethod | None = None
    #: Segments in the answer, of all datasets together.
    top_k: int | None = None
    #: From 0 to 1; 0 lets everything through.
    score_threshold: float | None = None
    #: Share of meaning in a hybrid search, 0 to 1; the rest is words.
    vector_weight: float | None = None
    highlights: bool = True


@dataclass(frozen=True, slots=True)
class Retrieved:
    """A segment that was found."""

    segment_id: str
    dataset_id: str
    dataset_name: str
    document_id: str
    document_name: str
    content: str
    #: From 0 to 1, higher is better.
    score: float
    position: int
    word_count: int
    hit_count: int
    index_node_hash: str
    data_source_type: str
    #: Offsets `(start, end)` in `content` of the words of the query.
    highlights: list[tuple[int, int]] = field(default_factory=list)
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Found:
    """A segment that was found, with its rows."""

    segment: Segment
    document: Document
    score: float
    highlights: list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class _Plan:
    """How one dataset is searched."""

    target: IndexTarget
    method: SearchMethod
    top_k: int
    threshold: float
    vector_weight: float
    filter: Filter | None


async def search(
    room: KnowledgeRoom,
    workspace_id: str,
    dataset_ids: Sequence[str],
    query: str,
    options: RetrievalOptions,
) -> list[Retrieved]:
    """The best segments of the datasets, best first; datasets of other workspaces have none.

    Documents and segments that are disabled, archived or not completed are never found. Hits are counted a moment
    later. Raises what the embedding model or the vector store raises.
    """
    if not dataset_ids or not query.strip():
        return []
    async with room.database.read() as session:
        asked = await datasets.get_datasets(session, workspace_id, dataset_ids)
        excluded = await _withheld(session, asked)
    names = {dataset.id: dataset.name for dataset in asked}
    found = await _search(room, asked, excluded, query, options)
    return [
        Retrieved(
            segment_id=one.segment.id,
            dataset_id=one.segment.dataset_id,
            dataset_name=names[one.segment.dataset_id],
            document_id=one.document.id,
            document_name=one.document.name,
            content=one.segment.content,
            score=one.score,
            position=one.segment.position,
            word_count=one.segment.word_count,
            hit_count=one.segment.hit_count,
            index_node_hash=one.segment.index_node_hash,
            data_source_type=one.document.data_source_type,
            highlights=one.highlights,
            metadata=one.document.doc_metadata or {},
        )
        for one in found
    ]


async def search_dataset(
    room: KnowledgeRoom, workspace_id: str, dataset_id: str, query: str, options: RetrievalOptions
) -> tuple[Dataset, list[Found]]:
    """The same for one dataset, with whole rows. Raises `DatasetNotFound`."""
    async with room.database.read() as session:
        dataset = await datasets.get_dataset(session, workspace_id, dataset_id)
        excluded = await _withheld(session, [dataset])
    return dataset, await _search(room, [dataset], excluded, query, options) if query.strip() else []


async def _withheld(session: AsyncSession, asked: Sequence[Dataset]) -> dict[str, list[str]]:
    having = [dataset.id for dataset in asked if dataset.withheld_document_count]
    return await documents.withheld_ids(session, having) if having else {}


async def _search(
    room: KnowledgeRoom,
    asked: Sequence[Dataset],
    excluded: Mapping[str, Sequence[str]],
    query: str,
    options: RetrievalOptions,
) -> list[Found]:
    plans = [_plan(dataset, options, excluded.get(dataset.id, ())) for dataset in asked]
    top_k = options.top_k or max((plan.top_k for plan in plans), default=DEFAULT_TOP_K)
    vectors = await _embed(room, plans, query)
    scores, rows = await _find(room, plans, vectors, query)
    best = sorted(rows, key=lambda key: (-scores[key], key))[:top_k]
    searched = [plan.target.dataset_id for plan in plans]
    room.hits.add(room.database, searched, [(key, rows[key][1].id) for key in best])
    return [
        Found(*rows[key], scores[key], find_highlights(rows[key][0].content, query) if options.highlights else [])
        for key in best
    ]


def _plan(dataset: Dataset, options: RetrievalOptions, excluded: Sequence[str]) -> _Plan:
    own = dataset.retrieval_model or {}
    target = target_of(dataset)
    method = options.method or SearchMethod(own.get("search_method") or SearchMethod.SEMANTIC)
    threshold = own.get("score_threshold") if own.get("score_threshold_enabled") else None
    return _Plan(
        target=target,
        method=method if target.by_meaning else SearchMethod.KEYWORD,
        top_k=options.top_k or own.get("top_k") or DEFAULT_TOP_K,
        threshold=(threshold or 0.0) if options.score_threshold is None else options.score_threshold,
        vector_weight=_weight(own) if options.vector_weight is None else options.vector_weight,
        filter=Filter(exclude_document_ids=tuple(excluded)) if excluded else None,
    )


def _weight(own: Mapping[str, Any]) -> float:
    setting = (own.get("weights") or {}).get("vector_setting") or {}
    weight = setting.get("vector_weight")
    return DEFAULT_VECTOR_WEIGHT if weight is None else float(weight)


async def _embed(room: KnowledgeRoom, plans: Sequence[_Plan], query: str) -> dict[tuple[str | None, ...], list[float]]:
    """The query's vector by model; each model is asked once."""
    wanted = {
        _model(plan.target): plan.target
        for plan in plans
        if plan.method in (SearchMethod.SEMANTIC, SearchMethod.HYBRID) and plan.target.dimension is not None
    }
    found = {}
    for model, target in wanted.items():
        embedder = await embedder_of(room, target)
        if embedder is not None:
            [found[model]] = await embedder.embed([query], "query")
    return found


def _model(target: IndexTarget) -> tuple[str | None, ...]:
    return target.embedding_model_provider, target.embedding_model


async def _find(
    room: KnowledgeRoom,
    plans: Sequence[_Plan],
    vectors: Mapping[tuple[str | None, ...], Sequence[float]],
    query: str,
) -> tuple[dict[str, float], dict[str, tuple[Segment, Document]]]:
    """Scores and rows by segment id.

    The index may hold points that must not be shown: of an edition in the making or being replaced. They are dropped
    here, and where that leaves too few, more is asked of the index.
    """
    largest = room.vectors.capabilities.largest_top_k
    factor = 1
    while True:
        lists = await asyncio.gather(
            *(
                _candidates(room, plan, vectors.get(_model(plan.target)), query, min(plan.top_k * factor, largest))
                for plan in plans
            )
        )
        scores = {key: score for candidates in lists for key, score in candidates}
        async with room.database.read() as session:
            rows = await segments.findable(session, list(scores)) if scores else {}
        kept = [sum(key in rows for key, _ in candidates) for candidates in lists]
        if not any(
            len(candidates) >= plan.top_k * factor and count < plan.top_k and plan.top_k * factor < largest
            for plan, candidates, count in zip(plans, lists, kept, strict=True)
        ):
            return scores, rows
        factor *= _WIDER


async def _candidates(
    room: KnowledgeRoom, plan: _Plan, vector: Sequence[float] | None, query: str, top_k: int
) -> list[tuple[str, float]]:
    """`(segment id, score)` of one dataset, best first, at most `top_k`, none below the threshold."""
    collection, store = plan.target.collection, room.vectors
    if plan.method is SearchMethod.HYBRID and vector is not None:
        breadth = min(max(top_k * _HYBRID_BREADTH, _HYBRID_LEAST), store.capabilities.largest_top_k)
        by_meaning, by_words = await asyncio.gather(
            store.search_by_vector(collection, vector, breadth, None, plan.filter),
            store.search_by_full_text(collection, query, breadth, plan.filter),
        )
        scored = fuse(by_meaning, by_words, plan.vector_weight)
    elif plan.method is SearchMethod.SEMANTIC:
        hits = await store.search_by_vector(collection, vector, top_k, None, plan.filter) if vector else []
        scored = [(hit.id, hit.score) for hit in hits]
    else:
        hits = await store.search_by_full_text(collection, query, top_k, plan.filter)
        scored = [(hit.id, hit.score) for hit in hits]
    return [one for one in scored[:top_k] if one[1] >= plan.threshold]
