"""Counts how often segments are found, and notes when datasets were searched: a moment after the answer.

Many hits make one short transaction. A dataset that is searched all the time is noted once in some minutes.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from typing import cast

import structlog
from sqlalchemy import Table, Update, bindparam, or_, update
from sqlalchemy.exc import DBAPIError

from homeport.features.knowledge.tables import Dataset, Document, Segment
from homeport.runtime.db.columns import utc_now
from homeport.runtime.db.database import Database
from homeport.runtime.errors import DiskFull, Unavailable

log = structlog.get_logger(__name__)

_PAUSE_SECONDS = 1.0
_NOTED_FOR = timedelta(minutes=10)
_DATASETS = cast("Table", Dataset.__table__)


class HitCounter:
    """Collects hits in memory and writes them about once a second. A crash loses at most that second's."""

    def __init__(self) -> None:
        self._segments: Counter[str] = Counter()
        self._documents: Counter[str] = Counter()
        self._searched: set[str] = set()
        #: When each dataset was last noted here, by the clock that never goes back.
        self._noted: dict[str, float] = {}
        self._database: Database | None = None
        self._writer: asyncio.Task[None] | None = None

    def add(self, database: Database, datasets: Iterable[str], found: Iterable[tuple[str, str]]) -> None:
        """Note a search of `datasets` and count each `(segment_id, document_id)` once; returns at once."""
        now = time.monotonic()
        for dataset_id in datasets:
            if now - self._noted.get(dataset_id, float("-inf")) >= _NOTED_FOR.total_seconds():
                self._noted[dataset_id] = now
                self._searched.add(dataset_id)
        for segment_id, document_id in found:
            self._segments[segment_id] += 1
            self._documents[document_id] += 1
        self._database = database
        if self._waiting and (self._writer is None or self._writer.done()):
            self._writer = asyncio.create_task(self._write_soon())

    @property
    def _waiting(self) -> bool:
        return bool(self._segments or self._searched)

    async def flush(self) -> None:
        """Write what has been collected."""
        if not self._waiting or self._database is None:
            return
        segments, documents, searched = self._segments, self._documents, self._searched
        self._segments, self._documents, self._searched = Counter(), Counter(), set()
        try:
            async with self._database.begin() as session:
                # In the order of the ids, so that two processes cannot lock each other.
                for row, counts in ((Document, documents), (Segment, segments)) if segments else ():
                    table = cast("Table", row.__table__)
                    found = update(table).where(table.c.id == bindparam("found"))
                    await session.execute(
                        # To be found is no change of the row.
                        found.values(hit_count=table.c.hit_count + bindparam("hits"), updated_at=table.c.updated_at),
                        [{"found": key, "hits": hits} for key, hits in sorted(counts.items())],
                    )
                if searched:
                    await session.execute(_note(searched))
        except (OSError, DBAPIError, Unavailable, DiskFull) as error:
            log.warning("hits not counted", error=str(error))

    async def close(self) -> None:
        """Write the rest; nothing is counted afterwards."""
        if self._writer is not None:
            self._writer.cancel()
        await self.flush()

    async def _write_soon(self) -> None:
        while self._waiting:
            await asyncio.sleep(_PAUSE_SECONDS)
            await self.flush()


def _note(dataset_ids: Iterable[str]) -> Update:
    now = utc_now()
    column = _DATASETS.c.searched_at
    long_ago = or_(column.is_(None), column < now - _NOTED_FOR)  # another process may have noted it
    mine = _DATASETS.c.id.in_(sorted(dataset_ids))
    return update(_DATASETS).where(mine, long_ago).values(searched_at=now, updated_at=_DATASETS.c.updated_at)
