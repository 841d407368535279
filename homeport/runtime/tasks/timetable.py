"""What happens by the clock: each due time causes one job, however many processes keep the timetable.

The row of an entry remembers the last due time that was dealt with. Whoever moves it forward writes the job in the same
transaction, so two keepers cannot both, and none can do one without the other.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, Protocol
from zoneinfo import ZoneInfo

import structlog
from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from homeport.runtime.db.database import Database
from homeport.runtime.ops.outage import Outage
from homeport.runtime.tasks.jobs import Jobs
from homeport.runtime.tasks.routine import Routine
from homeport.runtime.tasks.tables import BeatEntry
from homeport.runtime.tasks.task import Task

log = structlog.get_logger(__name__)

#: Seconds between looks at the clock.
TICK_SECONDS = 2.0
_DAY = timedelta(days=1)
_DAYS_OF_WEEK = 7
_WEEKDAYS = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: A due time that lies further back was missed while no keeper was there.
_ON_TIME = timedelta(minutes=1)


class Schedule(Protocol):
    """The due times, in UTC."""

    def latest(self, now: datetime) -> datetime:
        """The last one that is not after `now`."""
        ...

    def next(self, now: datetime) -> datetime:
        """The first one after `now`."""
        ...


@dataclass(frozen=True, slots=True)
class Every:
    """At the multiples of a period since 1970."""

    period: timedelta

    def latest(self, now: datetime) -> datetime:
        """See `Schedule.latest`."""
        return _EPOCH + (now - _EPOCH) // self.period * self.period

    def next(self, now: datetime) -> datetime:
        """See `Schedule.next`."""
        return self.latest(now) + self.period

    def __str__(self) -> str:
        minutes = self.period.total_seconds() / 60
        return "every minute" if minutes == 1 else f"every {minutes:g} minutes"


@dataclass(frozen=True, slots=True)
class Daily:
    """At a time of day in a zone, every so many days."""

    hour: int
    minute: int = 0
    days: int = 1
    zone: str = "UTC"

    def latest(self, now: datetime) -> datetime:
        """See `Schedule.latest`."""
        zone = ZoneInfo(self.zone)
        day = now.astimezone(zone).date()
        while True:
            due = datetime(day.year, day.month, day.day, self.hour, self.minute, tzinfo=zone).astimezone(UTC)
            if due <= now and day.toordinal() % self.days == 0:
                return due
            day -= _DAY

    def next(self, now: datetime) -> datetime:
        """See `Schedule.next`."""
        later = now
        while (due := self.latest(later)) <= now:
            later += _DAY
        return due

    def __str__(self) -> str:
        often = "daily" if self.days == 1 else f"every {self.days} days"
        return f"{often} at {self.hour:02}:{self.minute:02} {self.zone}"


@dataclass(frozen=True, slots=True)
class Weekly:
    """On one day of the week at a time of day in a zone."""

    #: 0 is Monday.
    weekday: int
    hour: int
    minute: int = 0
    zone: str = "UTC"

    def latest(self, now: datetime) -> datetime:
        """See `Schedule.latest`."""
        zone = ZoneInfo(self.zone)
        day = now.astimezone(zone).date()
        day -= _DAY * ((day.weekday() - self.weekday) % _DAYS_OF_WEEK)
        due = datetime(day.year, day.month, day.day, self.hour, self.minute, tzinfo=zone)
        if due > now:
            before = day - _DAY * _DAYS_OF_WEEK
            due = datetime(before.year, before.month, before.day, self.hour, self.minute, tzinfo=zone)
        return due.astimezone(UTC)

    def next(self, now: datetime) -> datetime:
        """See `Schedule.next`."""
        later = now
        while (due := self.latest(later)) <= now:
            later += _DAY
        return due

    def __str__(self) -> str:
        return f"{_WEEKDAYS[self.weekday]} at {self.hour:02}:{self.minute:02} {self.zone}"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the timetable."""

    name: str
    task: Task[Any, Any]
    payload: BaseModel
    schedule: Schedule
    enabled: bool = True
    #: What becomes of due times while nobody kept the timetable: `once`: one run makes up for all of them; `skip`: the
    #: next run is at the next due time.
    missed: Literal["once", "skip"] = "once"


@dataclass(frozen=True, slots=True)
class EntryState:
    """What is known of one entry."""

    entry: Entry
    last_due_at: datetime | None
    last_job_id: str | None
    next_due_at: datetime


class Timetable:
    """Kept by this process, as by any number of others."""

    def __init__(self, database: Database, jobs: Jobs, entries: Iterable[Entry]) -> None:
        """Reads nothing yet."""
        self._database = database
        self._jobs = jobs
        self.entries = tuple(entries)
        #: The last due time that is known to be dealt with: the database is asked only when another has come.
        self._dealt_with: dict[str, datetime] = {}

    async def tick(self, now: datetime | None = None) -> int:
        """Cause the jobs that are due; answers how many. One that is unfinished at the next due time stands for it."""
        moment = now or self._database.clock.now()
        caused = 0
        for entry in self.entries:
            due = entry.schedule.latest(moment)
            if entry.enabled and self._dealt_with.get(entry.name) != due:
                caused += await self._deal_with(entry, due, moment)
                self._dealt_with[entry.name] = due
        return caused

    async def states(self) -> list[EntryState]:
        """All entries, with what the database remembers of them."""
        async with self._database.read() as session:
            rows = {row.name: row for row in (await session.execute(select(BeatEntry))).scalars()}
        now, found = self._database.clock.now(), []
        for entry in self.entries:
            row = rows.get(entry.name)
            due, job_id = (None, None) if row is None else (row.last_due_at, row.last_job_id)
            found.append(EntryState(entry, due, job_id, entry.schedule.next(now)))
        return found

    async def _deal_with(self, entry: Entry, due: datetime, now: datetime) -> bool:
        try:
            async with self._database.begin() as session:
                found = select(BeatEntry).where(BeatEntry.name == entry.name).with_for_update()
                row = (await session.execute(found)).scalar_one_or_none()
                if row is None:  # seen for the first time: it begins with the next due time
                    session.add(BeatEntry(name=entry.name, last_due_at=due))
                    return False
                if row.last_due_at >= due:
                    return False
                row.last_due_at = due
                if entry.missed == "skip" and now - due > _ON_TIME:
                    log.info("a due time was missed and is not made up for", entry=entry.name, due=due.isoformat())
                    return False
                key = f"timetable:{entry.name}"
                row.last_job_id = await self._jobs.enqueue(session, entry.task, entry.payload, unique_key=key)
                return True
        except IntegrityError:  # another keeper saw it for the first time too
            return False


def kept(tick: Callable[[], Awaitable[object]], interval: float = TICK_SECONDS) -> Routine:
    """What looks at the clock every `interval` seconds, whether the database is there or not."""
    return Routine(
        tick, interval=interval, outage=Outage("the timetable waits for the database", "the timetable goes on")
    )
