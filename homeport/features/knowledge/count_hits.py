"""Counts how often segments are found, a moment after the answer: many hits in one short transaction."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable
from typing import cast

import structlog
from sqlalchemy import Table, bindparam, update
from sqlalchemy.exc import DBAPIError

from homeport.features.knowledge.tables import Document, Segment
from homeport.runtime.db.database import Database
from homeport.runtime.errors import DiskFull, Unavailable

log = structlog.get_logger(__name__)

_PAUSE_SECONDS = 1.0


class HitCounter:
    """Collects hits in memory and writes them about once a second. A crash loses at most that second's."""

    def __init__(self) -> None:
        self._segments: Counter[str] = Counter()
        self._documents: Counter[str] = Counter()
        self._database: Database | None = None
        self._writer: asyncio.Task[None] | None = None

    def add(self, database: Database, found: Iterable[tuple[str, str]]) -> None:
        """Count each `(segment_id, document_id)` once; returns at once."""
        for segment_id, document_id in found:
            self._segments[segment_id] += 1
            self._documents[document_id] += 1
        self._database = database
        if self._segments and (self._writer is None or self._writer.done()):
            self._writer = asyncio.create_task(self._write_soon())

    async def flush(self) -> None:
        """Write what has been collected."""
        if not self._segments or self._database is None:
            return
        segments, documents = self._segments, self._documents
        self._segments, self._documents = Counter(), Counter()
        try:
            async with self._database.begin() as session:
                # In the order of the ids, so that two processes cannot lock each other.
                for row, counts in ((Document, documents), (Segment, segments)):
                    table = cast("Table", row.__table__)
                    found = update(table).where(table.c.id == bindparam("found"))
                    await session.execute(
                        # To be found is no change of the row.
                        found.values(hit_count=table.c.hit_count + bindparam("hits"), updated_at=table.c.updated_at),
                        [{"found": key, "hits": hits} for key, hits in sorted(counts.items())],
                    )
        except (OSError, DBAPIError, Unavailable, DiskFull) as error:
            log.warning("hits not counted", error=str(error))

    async def close(self) -> None:
        """Write the rest; nothing is counted afterwards."""
        if self._writer is not None:
            self._writer.cancel()
        await self.flush()

    async def _write_soon(self) -> None:
        while self._segments:
            await asyncio.sleep(_PAUSE_SECONDS)
            await self.flush()
