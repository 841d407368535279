"""Around every driver: check and clean what comes in, bound the time, repeat what failed for a passing reason.

A driver translates and does none of that, so all drivers behave alike here. Every call may be repeated: adding
replaces, removing twice is removing once.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AbstractContextManager, aclosing
from typing import TypeVar, cast

from homeport.backends.vectors.capabilities import Capabilities
from homeport.backends.vectors.check_input import (
    check_dimension,
    check_id,
    clean_filter,
    clean_points,
    clean_text,
    pack_vector,
)
from homeport.backends.vectors.errors import InvalidInput, Unavailable, Unsupported
from homeport.backends.vectors.port import Filter, Hit, Point, VectorStore
from homeport.runtime.drivers.patience import Patience
from homeport.runtime.ops import traces

Answer = TypeVar("Answer")


class GuardedVectors:
    """A `VectorStore` as features get it."""

    def __init__(self, driver: VectorStore, name: str, patience: Patience) -> None:
        """`name`: the driver's, for error sentences."""
        self._driver = driver
        self._name = name
        self._patience = patience

    @property
    def capabilities(self) -> Capabilities:
        """What this vector store can do."""
        return self._driver.capabilities

    async def create(self, dataset_id: str, dimension: int | None) -> None:
        """See `VectorStore.create`."""
        check_id("dataset", dataset_id)
        if dimension is not None:
            check_dimension(dimension, self.capabilities.largest_dimension)
        await self._repeat(lambda: self._driver.create(dataset_id, dimension))

    async def add_texts(self, points: Sequence[Point]) -> None:
        """See `VectorStore.add_texts`."""
        cleaned = clean_points(points, self.capabilities.largest_dimension)
        if cleaned:
            with self._span("add", len(cleaned)):
                await self._repeat(lambda: self._driver.add_texts(cleaned))

    async def delete_by_ids(self, dataset_id: str, ids: Sequence[str]) -> None:
        """See `VectorStore.delete_by_ids`."""
        cleaned = list(map(clean_text, ids))
        if cleaned:
            await self._repeat(lambda: self._driver.delete_by_ids(clean_text(dataset_id), cleaned))

    async def delete_by_document_id(self, dataset_id: str, document_id: str) -> None:
        """See `VectorStore.delete_by_document_id`."""
        await self._repeat(lambda: self._driver.delete_by_document_id(clean_text(dataset_id), clean_text(document_id)))

    async def drop(self, dataset_id: str) -> None:
        """See `VectorStore.drop`."""
        await self._repeat(lambda: self._driver.drop(clean_text(dataset_id)))

    async def search_by_vector(
        self,
        dataset_id: str,
        vector: Sequence[float],
        top_k: int,
        score_threshold: float | None = None,
        filter: Filter | None = None,  # noqa: A002
    ) -> list[Hit]:
        """See `VectorStore.search_by_vector`."""
        self._check_top_k(top_k)
        asked, packed = clean_filter(filter), pack_vector(vector)
        if not any(packed):
            return []
        with self._span("search by vector", top_k):
            hits = await self._repeat(
                lambda: self._driver.search_by_vector(clean_text(dataset_id), packed, top_k, score_threshold, asked)
            )
        return hits if score_threshold is None else [hit for hit in hits if hit.score >= score_threshold]

    async def search_by_full_text(
        self,
        dataset_id: str,
        query: str,
        top_k: int,
        filter: Filter | None = None,  # noqa: A002
    ) -> list[Hit]:
        """See `VectorStore.search_by_full_text`."""
        self._check_top_k(top_k)
        if not self.capabilities.full_text:
            raise Unsupported(f"The vector store {self._name} cannot search by words.", hint="Search by vector.")
        asked = clean_filter(filter)
        with self._span("search by full text", top_k):
            return await self._repeat(
                lambda: self._driver.search_by_full_text(clean_text(dataset_id), clean_text(query), top_k, asked)
            )

    async def points(self, dataset_id: str) -> AsyncGenerator[Point]:
        """See `VectorStore.points`."""
        # Drivers write their streams as generators, which hold connections until closed.
        found = cast("AsyncGenerator[Point]", self._driver.points(clean_text(dataset_id)))
        async with aclosing(found):
            while True:
                try:
                    point = await self._in_time(anext(found))
                except StopAsyncIteration:
                    return
                yield point

    async def count(self, dataset_id: str) -> int:
        """See `VectorStore.count`."""
        return await self._repeat(lambda: self._driver.count(clean_text(dataset_id)))

    async def datasets(self) -> dict[str, int | None]:
        """See `VectorStore.datasets`."""
        return await self._repeat(self._driver.datasets)

    async def rebuild_index(self, dataset_id: str) -> None:
        """See `VectorStore.rebuild_index`. It may take longer than any other call, so its time is not bounded."""
        await self._driver.rebuild_index(clean_text(dataset_id))

    async def check(self) -> None:
        """See `VectorStore.check`."""
        await self._repeat(self._driver.check)

    async def close(self) -> None:
        """See `VectorStore.close`."""
        await self._driver.close()

    def _span(self, operation: str, number: int) -> AbstractContextManager[traces.Span]:
        """Traced here, for all drivers alike: few of them speak through anything that is traced by itself."""
        return traces.span(
            f"vectors {operation}",
            "client",
            db__system__name=self._name,
            db__operation__name=operation,
            homeport__number=number,
        )

    def _check_top_k(self, top_k: int) -> None:
        largest = self.capabilities.largest_top_k
        if not 1 <= top_k <= largest:
            raise InvalidInput(f"The {top_k} best hits were asked for; accepted are 1 to {largest}.")

    async def _repeat(self, call: Callable[[], Awaitable[Answer]]) -> Answer:
        return await self._patience.repeat(call, self._too_slow)

    async def _in_time(self, waiting: Awaitable[Answer]) -> Answer:
        return await self._patience.in_time(waiting, self._too_slow)

    def _too_slow(self) -> Unavailable:
        return Unavailable(
            f"The vector store {self._name} did not answer within {self._patience.timeout:g} seconds.",
            hint="Look whether it runs, or raise VECTOR_TIMEOUT.",
        )
