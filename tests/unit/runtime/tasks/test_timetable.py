"""Each due time causes one job, however many keep the timetable and whatever became of them meanwhile."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import func, select, update

from homeport.runtime.db.database import Database
from homeport.runtime.tasks.jobs import Jobs
from homeport.runtime.tasks.tables import Job, JobState
from homeport.runtime.tasks.timetable import Daily, Entry, Every, Schedule, Timetable, Weekly
from tests.support.job_bench import Bench, Note

START = datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("schedule", "now", "latest", "following"),
    [
        (Every(timedelta(minutes=15)), "2026-03-01T12:07", "2026-03-01T12:00", "2026-03-01T12:15"),
        (Every(timedelta(minutes=15)), "2026-03-01T12:15", "2026-03-01T12:15", "2026-03-01T12:30"),
        (Daily(2), "2026-03-01T01:59", "2026-02-28T02:00", "2026-03-01T02:00"),
        (Daily(2), "2026-03-01T02:00", "2026-03-01T02:00", "2026-03-02T02:00"),
        (Daily(9, 30, zone="Asia/Tokyo"), "2026-03-01T01:00", "2026-03-01T00:30", "2026-03-02T00:30"),
        (Weekly(0, 10), "2026-03-01T12:00", "2026-02-23T10:00", "2026-03-02T10:00"),
        (Weekly(0, 10), "2026-03-02T09:59", "2026-02-23T10:00", "2026-03-02T10:00"),
        (Weekly(0, 10), "2026-03-02T10:00", "2026-03-02T10:00", "2026-03-09T10:00"),
        # Monday has begun in Tokyo while it is Sunday in UTC.
        (Weekly(0, 8, zone="Asia/Tokyo"), "2026-03-01T23:30", "2026-03-01T23:00", "2026-03-08T23:00"),
        (Weekly(6, 12, zone="Europe/Berlin"), "2026-03-28T12:00", "2026-03-22T11:00", "2026-03-29T10:00"),
        # Summer time begins in Berlin on March 29, 2026: the same hour is another in UTC.
        (Daily(12, zone="Europe/Berlin"), "2026-03-28T12:00", "2026-03-28T11:00", "2026-03-29T10:00"),
    ],
)
def test_due_times(schedule: Schedule, now: str, latest: str, following: str) -> None:
    assert schedule.latest(at(now)) == at(latest)
    assert schedule.next(at(now)) == at(following)


def test_every_third_day_is_the_same_day_for_everybody() -> None:
    schedule = Daily(4, days=3)
    first = schedule.latest(START)
    assert schedule.next(START) - first == timedelta(days=3)
    assert {schedule.latest(first + timedelta(hours=hours)) for hours in range(72)} == {first}


def keeper(bench: Bench, database: Database | None = None, **options: Any) -> Timetable:
    """A timetable with one entry a minute."""
    task = bench.task(max_attempts=1)
    entry = Entry("each_minute", task, Note(), Every(timedelta(minutes=1)), **options)
    return Timetable(database or bench.database, Jobs(bench.hints), [entry])


async def jobs_of(bench: Bench) -> list[Job]:
    async with bench.database.read() as session:
        return list((await session.execute(select(Job).order_by(Job.id))).scalars())


async def count_jobs(bench: Bench) -> int:
    async with bench.database.read() as session:
        return (await session.execute(select(func.count()).select_from(Job))).scalar_one()


async def finish_all(bench: Bench) -> None:
    """As workers do between two due times."""
    async with bench.database.begin() as session:
        await session.execute(
            update(Job).where(Job.state == JobState.QUEUED).values(state=JobState.SUCCEEDED, unique_key=None, turn=None)
        )


class MortalKeeper:
    """Keeps the timetable by a clock that is a little wrong, over its own pool; dies in the middle, and is reborn."""

    def __init__(self, bench: Bench, luck: Random, wrong_by: timedelta) -> None:
        self._bench, self._luck, self._wrong_by = bench, luck, wrong_by
        self._database = Database(bench.database.url)
        self._table = keeper(bench, self._database)
        self.deaths = 0

    async def tick(self, now: datetime) -> None:
        await self._hesitate()
        ticking = asyncio.create_task(self._table.tick(now + self._wrong_by))
        if self._luck.random() < 0.1:
            await self._hesitate()
            self.deaths += not ticking.done()
            ticking.cancel()
        try:
            await ticking
        except asyncio.CancelledError:
            await self.close()
            self._database = Database(self._bench.database.url)
            self._table = keeper(self._bench, self._database)

    async def close(self) -> None:
        await self._database.close()

    async def _hesitate(self) -> None:
        await asyncio.sleep(self._luck.uniform(0, 0.003))


async def test_three_keepers_in_five_hours_cause_each_due_time_once(bench: Bench) -> None:
    luck = Random(20260301)
    keepers = [MortalKeeper(bench, luck, timedelta(seconds=seconds)) for seconds in (-1, 0, 1)]
    start = START.replace(second=0)
    await keeper(bench).tick(start)
    try:
        for minute in range(1, 5 * 60 + 1):
            due = start + timedelta(minutes=minute)
            # At the due time, where the clocks disagree on whether it has come; then later, for those who died.
            for moment in (due, due + timedelta(seconds=20), due + timedelta(seconds=40)):
                await asyncio.gather(*(one.tick(moment) for one in luck.sample(keepers, 3)))
            await finish_all(bench)
            assert await count_jobs(bench) == minute
    finally:
        for one in keepers:
            await one.close()
    if bench.database.kind != "sqlite":  # which does not let go in the middle of a statement
        assert sum(one.deaths for one in keepers) > 10


async def test_a_keeper_that_takes_over_neither_repeats_nor_leaves_out(bench: Bench) -> None:
    first = keeper(bench)
    await first.tick(START)
    assert await first.tick(START + timedelta(minutes=1)) == 1
    await finish_all(bench)
    second = keeper(bench)
    assert await second.tick(START + timedelta(minutes=1, seconds=20)) == 0
    assert await second.tick(START + timedelta(minutes=2)) == 1


@pytest.mark.parametrize(("missed", "caused"), [("once", 1), ("skip", 0)])
async def test_due_times_without_a_keeper_are_made_up_for_as_declared(
    sqlite_bench: Bench, missed: str, caused: int
) -> None:
    await keeper(sqlite_bench, missed=missed).tick(START)
    late = keeper(sqlite_bench, missed=missed)
    hours_later = START + timedelta(hours=3, seconds=59 if missed == "once" else 0)
    table = Timetable(sqlite_bench.database, Jobs(sqlite_bench.hints), _every_hour(late))
    await table.tick(START)
    assert await table.tick(hours_later + timedelta(minutes=20)) == caused
    await finish_all(sqlite_bench)
    assert await table.tick(hours_later + timedelta(minutes=60)) == 1


def _every_hour(other: Timetable) -> list[Entry]:
    [entry] = other.entries
    return [Entry("each_hour", entry.task, Note(), Every(timedelta(hours=1)), missed=entry.missed)]


async def test_an_unfinished_job_stands_for_the_next_due_time(sqlite_bench: Bench) -> None:
    table = keeper(sqlite_bench)
    for minute in range(4):
        await table.tick(START + timedelta(minutes=minute))
    assert len(await jobs_of(sqlite_bench)) == 1


async def test_what_is_switched_off_causes_nothing_and_is_still_listed(sqlite_bench: Bench) -> None:
    table = keeper(sqlite_bench, enabled=False)
    await table.tick(START)
    assert await table.tick(START + timedelta(minutes=5)) == 0
    [state] = await table.states()
    assert (state.last_due_at, state.last_job_id) == (None, None)


async def test_the_state_names_the_last_job(sqlite_bench: Bench) -> None:
    table = keeper(sqlite_bench)
    await table.tick(START)
    await table.tick(START + timedelta(minutes=1))
    [state], [job] = await table.states(), await jobs_of(sqlite_bench)
    assert (state.last_job_id, state.last_due_at) == (job.id, at("2026-03-01T12:01"))
