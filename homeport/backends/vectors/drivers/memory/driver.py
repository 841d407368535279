"""Dictionaries and loops: slow with many points, and plainly right."""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import AsyncGenerator, Iterable, Sequence
from dataclasses import dataclass, field, replace
from operator import mul
from pathlib import Path

from homeport.backends.vectors.capabilities import Capabilities
from homeport.backends.vectors.choice import VectorChoice
from homeport.backends.vectors.drivers.memory.spec import SPEC
from homeport.backends.vectors.errors import other_dataset_dimension, other_dimension, unknown_dataset
from homeport.backends.vectors.match_filter import allows
from homeport.backends.vectors.port import Filter, Hit, Point
from homeport.backends.vectors.rank_text import rate_frequency, weigh_terms
from homeport.backends.vectors.tokenize_text import tokenize_query, tokenize_text


@dataclass(slots=True)
class _Kept:
    point: Point
    terms: Counter[str]
    length: int
    #: Euclidean length of the vector; 0 without one.
    norm: float


@dataclass(slots=True)
class _Dataset:
    dimension: int | None
    kept: dict[str, _Kept] = field(default_factory=dict)


async def open_driver(settings: VectorChoice, data_dir: Path) -> MemoryVectors:  # noqa: ARG001 - all drivers' form
    """An empty store."""
    return MemoryVectors()


class MemoryVectors:
    """A `VectorStore` that forgets everything with the process."""

    capabilities: Capabilities = SPEC.capabilities

    def __init__(self) -> None:
        self._datasets: dict[str, _Dataset] = {}

    async def create(self, dataset_id: str, dimension: int | None) -> None:
        """See `VectorStore.create`."""
        dataset = self._datasets.setdefault(dataset_id, _Dataset(dimension))
        if dimension is None or dimension == dataset.dimension:
            return
        if dataset.dimension is not None:
            raise other_dataset_dimension(dataset_id, dimension, dataset.dimension)
        dataset.dimension = dimension

    async def add_texts(self, points: Sequence[Point]) -> None:
        """See `VectorStore.add_texts`."""
        for point in points:
            dataset = self._datasets.get(point.dataset_id)
            if dataset is None:
                raise unknown_dataset(point.dataset_id)
            if point.vector is not None and len(point.vector) != dataset.dimension:
                raise other_dimension(point.dataset_id, len(point.vector), dataset.dimension)
        for point in points:
            terms = tokenize_text(point.text)
            vector = None if point.vector is None else array("f", point.vector)
            self._datasets[point.dataset_id].kept[point.id] = _Kept(
                point=replace(point, vector=vector, metadata=dict(point.metadata)),
                terms=Counter(terms),
                length=len(terms),
                norm=0.0 if vector is None else math.hypot(*vector),
            )

    async def delete_by_ids(self, dataset_id: str, ids: Sequence[str]) -> None:
        """See `VectorStore.delete_by_ids`."""
        if dataset := self._datasets.get(dataset_id):
            for point_id in ids:
                dataset.kept.pop(point_id, None)

    async def delete_by_document_id(self, dataset_id: str, document_id: str) -> None:
        """See `VectorStore.delete_by_document_id`."""
        if dataset := self._datasets.get(dataset_id):
            dataset.kept = {
                point_id: kept for point_id, kept in dataset.kept.items() if kept.point.document_id != document_id
            }

    async def drop(self, dataset_id: str) -> None:
        """See `VectorStore.drop`."""
        self._datasets.pop(dataset_id, None)

    async def search_by_vector(
        self,
        dataset_id: str,
        vector: Sequence[float],
        top_k: int,
        score_threshold: float | None = None,
        filter: Filter | None = None,  # noqa: A002
    ) -> list[Hit]:
        """See `VectorStore.search_by_vector`."""
        dataset = self._datasets.get(dataset_id)
        if dataset is None or dataset.dimension is None:
            return []
        if len(vector) != dataset.dimension:
            raise other_dimension(dataset_id, len(vector), dataset.dimension)
        norm = math.hypot(*vector)
        found = [
            (sum(map(mul, kept.point.vector, vector)) / (kept.norm * norm), kept.point)
            for kept in _allowed(dataset.kept.values(), filter)
            if kept.point.vector is not None and kept.norm
        ]
        lowest = -1.0 if score_threshold is None else score_threshold
        return [hit for hit in _best(found, top_k) if hit.score >= lowest]

    async def search_by_full_text(
        self,
        dataset_id: str,
        query: str,
        top_k: int,
        filter: Filter | None = None,  # noqa: A002
    ) -> list[Hit]:
        """See `VectorStore.search_by_full_text`."""
        dataset = self._datasets.get(dataset_id)
        terms = tokenize_query(query)
        if dataset is None or not dataset.kept or not terms:
            return []
        everything = dataset.kept.values()
        average = sum(kept.length for kept in everything) / len(everything)
        having = {term: sum(term in kept.terms for kept in everything) for term in terms}
        weights = weigh_terms(len(everything), having)
        most = sum(weights.values())
        found = []
        for kept in _allowed(everything, filter):
            score = sum(
                weight * rate_frequency(kept.terms[term], kept.length, average)
                for term, weight in weights.items()
                if term in kept.terms
            )
            if score > 0:
                found.append((score / most, kept.point))
        return _best(found, top_k)

    async def points(self, dataset_id: str) -> AsyncGenerator[Point]:
        """See `VectorStore.points`."""
        dataset = self._datasets.get(dataset_id)
        for _, kept in sorted(dataset.kept.items()) if dataset else ():
            yield kept.point

    async def count(self, dataset_id: str) -> int:
        """See `VectorStore.count`."""
        dataset = self._datasets.get(dataset_id)
        return len(dataset.kept) if dataset else 0

    async def datasets(self) -> dict[str, int | None]:
        """See `VectorStore.datasets`."""
        return {dataset_id: dataset.dimension for dataset_id, dataset in self._datasets.items()}

    async def rebuild_index(self, dataset_id: str) -> None:
        """There is no index."""

    async def check(self) -> None:
        """Memory always answers."""

    async def close(self) -> None:
        """Nothing is held but memory."""


def _allowed(kept: Iterable[_Kept], asked: Filter | None) -> Iterable[_Kept]:
    if asked is None:
        return kept
    return (one for one in kept if allows(asked, one.point.document_id, one.point.metadata))


def _best(found: list[tuple[float, Point]], top_k: int) -> list[Hit]:
    found.sort(key=lambda one: (-one[0], one[1].id))
    return [
        Hit(point.id, point.document_id, min(1.0, max(0.0, score)), point.text, dict(point.metadata))
        for score, point in found[:top_k]
    ]
