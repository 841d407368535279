"""A vector store that a test can stop or break at a chosen call."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from homeport.backends.vectors.drivers.memory.driver import MemoryVectors
from homeport.backends.vectors.port import Point


class GatedVectors(MemoryVectors):
    """The memory driver, with a gate before its writes."""

    def __init__(self) -> None:
        super().__init__()
        #: Writes so far to datasets that exist, those that wait or failed included.
        self.writes = 0
        #: The number of the write that waits until `gate` is set.
        self.stop_at: int | None = None
        #: The number of the write that waits for `gate` once it is done.
        self.stop_after: int | None = None
        self.gate = asyncio.Event()
        self.reached = asyncio.Event()
        #: Raised by every write while it is set.
        self.failure: Exception | None = None

    async def add_texts(self, points: Sequence[Point]) -> None:
        """See `VectorStore.add_texts`."""
        if any(point.dataset_id not in self._datasets for point in points):
            await super().add_texts(points)  # refused, and no write
        self.writes += 1
        number = self.writes
        if self.failure is not None:
            raise self.failure
        if number == self.stop_at:
            self.reached.set()
            await self.gate.wait()
        await super().add_texts(points)
        if number == self.stop_after:
            self.reached.set()
            await self.gate.wait()
