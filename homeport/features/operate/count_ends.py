"""What ended within the last hour: counted by the database, and kept for those who look again and again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

from sqlalchemy import ColumnElement, Integer, cast, extract, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from homeport.runtime.tasks.tables import Job, JobState

_MINUTES = 60
_KEPT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Ends:
    """Ends within the last 60 minutes."""

    #: In each minute, the oldest first.
    succeeded: list[int]
    failed: list[int]
    #: Successes by queue.
    done: dict[str, int]


@dataclass(slots=True)
class RecentEnds:
    """Counts at most once in five seconds, however many look: the count reads a row for each end."""

    clock: Callable[[], float] = monotonic
    _counting: asyncio.Lock = field(default_factory=asyncio.Lock)
    _known: Ends | None = None
    _until: float = 0.0

    async def read(self, session: AsyncSession, now: datetime) -> Ends:
        """As of `now`, or of a few seconds before."""
        async with self._counting:
            if self._known is None or self.clock() >= self._until:
                self._known = await count_ends(session, now)
                self._until = self.clock() + _KEPT_SECONDS
            return self._known


async def count_ends(session: AsyncSession, now: datetime) -> Ends:
    """Ends by minute, and successes by queue; counted by the database over the index of ends."""
    succeeded, failed, done = [0] * _MINUTES, [0] * _MINUTES, dict[str, int]()
    since = now - timedelta(minutes=_MINUTES)
    minute = _minutes_since(session.get_bind().dialect.name, since).label("minute")
    counted = (
        select(Job.queue, Job.state, minute, func.count().label("ends"))
        .where(Job.finished_at > since)
        .group_by(Job.queue, Job.state, minute)
    )
    for row in await session.execute(counted):
        place = min(max(int(row.minute), 0), _MINUTES - 1)
        if row.state == JobState.SUCCEEDED:
            succeeded[place] += row.ends
            done[row.queue] = done.get(row.queue, 0) + row.ends
        elif row.state == JobState.FAILED:
            failed[place] += row.ends
    return Ends(succeeded, failed, done)


def _minutes_since(dialect: str, since: datetime) -> ColumnElement[int]:
    """Whole minutes between `since` and a job's end, in the words of the database."""
    if dialect == "mysql":
        seconds: ColumnElement[Any] = func.timestampdiff(text("SECOND"), since.replace(tzinfo=None), Job.finished_at)
    else:
        seconds = extract("epoch", Job.finished_at) - int(since.timestamp())
    return cast(func.floor(seconds / 60), Integer) if dialect != "sqlite" else cast(seconds / 60, Integer)
