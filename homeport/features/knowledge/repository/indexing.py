"""Statements of indexing, where speed counts: plain columns, one statement per step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from sqlalchemy import Row, Select, Table, bindparam, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from homeport.features.knowledge.repository.datasets import changed
from homeport.features.knowledge.tables import Dataset, Document, ProcessRule, Segment, SegmentStatus

AnyRow = Row[*tuple[Any, ...]]

# Built once: making a statement takes longer than SQLite takes to run it.
_DOCUMENTS = cast("Table", Document.__table__)
_DATASETS = cast("Table", Dataset.__table__)
_INSERT = insert(cast("Table", Segment.__table__))
_LOAD: Select[*tuple[Any, ...]] = (
    select(
        Document.id.label("document_id"),
        Document.workspace_id,
        Document.dataset_id,
        Document.name,
        Document.run,
        Document.edition,
        Document.wanted_edition,
        Document.withheld,
        Document.data_source_info,
        Document.created_by,
        Document.splitting_completed_at,
        Document.processing_started_at,
        Dataset.collection,
        Dataset.indexing_technique,
        Dataset.embedding_model,
        Dataset.embedding_model_provider,
        Dataset.embedding_dimension,
        ProcessRule.mode,
        ProcessRule.rules,
    )
    .outerjoin(Dataset, Dataset.id == Document.dataset_id)
    .outerjoin(ProcessRule, ProcessRule.id == Document.process_rule_id)
    .where(Document.id == bindparam("document"))
)
_STAGES = ("processing_started_at", "parsing_completed_at", "cleaning_completed_at", "splitting_completed_at")
_SET_ON_COMPLETION = (
    "indexing_status",
    "edition",
    "word_count",
    "tokens",
    "segment_count",
    "completed_segments",
    "total_segments",
    "completed_at",
    "indexing_latency",
    "updated_at",
)
_COMPLETE = (
    update(_DOCUMENTS)
    .where(_DOCUMENTS.c.id == bindparam("document"), _DOCUMENTS.c.run == bindparam("wanted_run"))
    .values(
        {name: bindparam(f"new_{name}", type_=_DOCUMENTS.c[name].type) for name in _SET_ON_COMPLETION}
        | {
            name: func.coalesce(bindparam(f"new_{name}", type_=_DOCUMENTS.c[name].type), _DOCUMENTS.c[name])
            for name in _STAGES
        }
        | {"error": None, "stopped_at": None}
    )
)
_COUNT = (
    update(_DATASETS)
    .where(
        _DATASETS.c.id == bindparam("dataset"),
        _DATASETS.c.collection == bindparam("collection_then"),
        func.coalesce(_DATASETS.c.indexing_technique, "") == bindparam("technique_then"),
        func.coalesce(_DATASETS.c.embedding_model, "") == bindparam("model_then"),
    )
    .values(
        available_document_count=_DATASETS.c.available_document_count + bindparam("available"),
        word_count=_DATASETS.c.word_count + bindparam("words"),
        embedding_dimension=bindparam("dimension", type_=_DATASETS.c.embedding_dimension.type),
        updated_at=_DATASETS.c.updated_at,
    )
)


async def load_work(session: AsyncSession, document_id: str) -> AnyRow | None:
    """A document with its dataset and rule; dataset columns are None when the dataset is gone. None: no document."""
    return (await session.execute(_LOAD, {"document": document_id})).one_or_none()


async def advance(session: AsyncSession, document_id: str, run: int, **values: Any) -> bool:
    """Change a document if this run is still the wanted one; False when it is paused, replaced or gone."""
    statement = update(_DOCUMENTS).where(_DOCUMENTS.c.id == document_id, _DOCUMENTS.c.run == run)
    return await changed(session, statement.values(values)) == 1


async def lock_run(session: AsyncSession, document_id: str, run: int) -> AnyRow | None:
    """What replacing an edition has to know, held until the commit; None when this run is not wanted any more."""
    query: Select[*tuple[Any, ...]] = select(Document.withheld, Document.word_count).where(
        Document.id == document_id, Document.run == run
    )
    return (await session.execute(query.with_for_update())).one_or_none()


async def complete_document(session: AsyncSession, document_id: str, run: int, **values: Any) -> bool:
    """Put the new edition into service if this run is still the wanted one; stages that are None stay as they are."""
    values = {f"new_{name}": values.get(name) for name in (*_SET_ON_COMPLETION, *_STAGES)}
    return await changed(session, _COMPLETE, {"document": document_id, "wanted_run": run, **values}) == 1


async def count_completed(
    session: AsyncSession,
    dataset_id: str,
    *,
    collection: str,
    technique: str | None,
    model: str | None,
    available: int,
    words: int,
    dimension: int | None,
) -> bool:
    """Count a document that was completed; False when its dataset is gone or indexes otherwise by now."""
    values = {
        "dataset": dataset_id,
        "collection_then": collection,
        "technique_then": technique or "",
        "model_then": model or "",
        "available": available,
        "words": words,
        "dimension": dimension,
    }
    return await changed(session, _COUNT, values) == 1


async def insert_segments(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    """Write new segments with one statement, past the unit of work's bookkeeping of objects."""
    if rows:
        await session.execute(_INSERT, list(rows))


async def pending_segments(
    session: AsyncSession, document_id: str, edition: int, after: int, limit: int
) -> list[AnyRow]:
    """The next segments of an edition in the making that are not in the index yet, behind position `after`."""
    query: Select[*tuple[Any, ...]] = select(
        Segment.id, Segment.position, Segment.content, Segment.keywords, Segment.enabled
    ).where(
        Segment.document_id == document_id,
        Segment.edition == edition,
        Segment.position > after,
        Segment.status != SegmentStatus.COMPLETED,
    )
    return list((await session.execute(query.order_by(Segment.position).limit(limit))).all())


async def change_segments(
    session: AsyncSession, document_id: str, edition: int, positions: tuple[int, int] | None = None, **values: Any
) -> None:
    """Change the segments of an edition, all or those from one position to another."""
    statement = update(Segment).where(Segment.document_id == document_id, Segment.edition == edition)
    if positions is not None:
        statement = statement.where(Segment.position >= positions[0], Segment.position <= positions[1])
    await session.execute(statement.values(values))


async def drop_edition(session: AsyncSession, document_id: str, edition: int) -> None:
    """Remove the segments of an edition in the making, to make it anew."""
    await session.execute(delete(Segment).where(Segment.document_id == document_id, Segment.edition == edition))


async def sum_edition(session: AsyncSession, document_id: str, edition: int) -> AnyRow:
    """`(segments, words, tokens)` of an edition."""
    query: Select[*tuple[Any, ...]] = select(
        func.count(),
        func.coalesce(func.sum(Segment.word_count), 0),
        func.coalesce(func.sum(Segment.tokens), 0),
    )
    return (await session.execute(query.where(Segment.document_id == document_id, Segment.edition == edition))).one()


async def retired_segments(session: AsyncSession, document_id: str, limit: int) -> list[str]:
    """Ids of segments of editions that were replaced."""
    query = (
        select(Segment.id)
        .join(Document, Segment.document_id == Document.id)
        .where(Document.id == document_id, Segment.edition < Document.edition)
    )
    return list((await session.execute(query.limit(limit))).scalars())
