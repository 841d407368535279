"""Processes whose clocks are wrong, by minutes or an hour: what counts is the clock of the database."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest

from homeport.features.operate.doctor.check_clock import check_clock
from homeport.runtime.db import clock as clocks
from homeport.runtime.db.columns import utc_now
from homeport.runtime.db.database import Database
from homeport.runtime.tasks.jobs import Jobs
from homeport.runtime.tasks.presence import Presence, is_alive, list_workers
from homeport.runtime.tasks.run import LEASE, Runner
from homeport.runtime.tasks.sweep import Sweep
from homeport.runtime.tasks.tables import JobState
from homeport.runtime.tasks.timetable import Entry, Every, Timetable
from tests.support.job_bench import Bench, Note, open_bench, wait_at_gate

DATASET = "dataset"
WRONG = [timedelta(minutes=2), timedelta(hours=1), -timedelta(minutes=2), -timedelta(hours=1)]


@pytest.fixture(params=["postgres", "mysql"])
async def bench(request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    """Jobs on a server: on a file there is one process and one clock."""
    async with open_bench(request.getfixturevalue(f"{request.param}_url")) as bench:
        yield bench


@pytest.fixture(params=WRONG, ids=str)
def wrong(request: pytest.FixtureRequest) -> timedelta:
    """By how much the clock of the second process is ahead."""
    found: timedelta = request.param
    return found


@contextmanager
def clock_ahead(by: timedelta) -> Iterator[None]:
    """What is done in the block is done where the system's clock is wrong."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clocks, "utc_now", lambda: utc_now() + by)
        yield


async def connected(database: Database) -> Database:
    """As every process is, from its start on."""
    await database.ping()
    return database


async def test_a_process_with_a_wrong_clock_steals_no_lease_and_gives_none_that_others_take_for_lost(
    bench: Bench, wrong: timedelta
) -> None:
    held = await bench.enqueue(bench.task(wait_at_gate))
    right = asyncio.create_task(bench.worker().run("any", DATASET))
    await bench.diary.started.wait()
    with clock_ahead(wrong):
        database = await connected(Database(bench.database.url))
        other = Runner(database, bench.registry)
        await bench.change(held, hint_at=utc_now() - timedelta(minutes=1))
        assert await Sweep(database, bench.hints).once() == 0
        assert not await other.run(held)
        bench.diary.started.clear()
        its_own = await bench.enqueue(bench.task(wait_at_gate), "its own")
        working = asyncio.create_task(other.run("any", DATASET))
        await bench.diary.started.wait()
        lease = (await bench.row(its_own)).lease_until
    assert lease is not None
    assert abs(lease - utc_now() - LEASE) < timedelta(seconds=10)
    await bench.change(its_own, hint_at=utc_now() - timedelta(minutes=1))
    assert await bench.sweep().once() == 0
    bench.diary.may_go_on.set()
    assert all(await asyncio.gather(right, working))
    assert [(await bench.row(one)).attempt for one in (held, its_own)] == [1, 1]
    await other.close()
    await database.close()


async def test_what_a_process_with_a_wrong_clock_queues_is_due_at_once_and_what_it_sees_of_others_is_not_early(
    bench: Bench, wrong: timedelta
) -> None:
    task = bench.task()
    with clock_ahead(wrong):
        database = await connected(Database(bench.database.url))
        async with database.begin() as session:
            job_id = await Jobs(bench.hints).enqueue(session, task, Note())
    row = await bench.row(job_id)
    assert abs(row.run_at - utc_now()) < timedelta(seconds=10)
    assert abs(row.created_at - utc_now()) < timedelta(seconds=10)
    assert await bench.worker().run("any", DATASET)
    assert (await bench.row(job_id)).state == JobState.SUCCEEDED

    later = await bench.enqueue(task, run_at=utc_now() + timedelta(seconds=50))
    with clock_ahead(wrong):
        assert await Sweep(database, bench.hints).once() == 0
        assert not await Runner(database, bench.registry).run(later)
    await database.close()


async def test_two_keepers_of_the_timetable_whose_clocks_differ_cause_each_due_time_once(
    bench: Bench, wrong: timedelta
) -> None:
    entry = Entry("hourly", bench.task(), Note(), Every(timedelta(hours=1)))
    with clock_ahead(wrong):
        database = await connected(Database(bench.database.url))
    asked: list[datetime] = []
    keepers = [
        Timetable(bench.database, Jobs(bench.hints), [entry]),
        Timetable(database, Jobs(bench.hints), [entry]),
    ]
    for keeper in keepers:
        await keeper.tick()
    for keeper in keepers:
        [state] = await keeper.states()
        assert state.last_due_at is not None
        asked.append(state.last_due_at)
    assert asked == [entry.schedule.latest(utc_now())] * 2
    assert bench.hints.sent == [], "the first due time is the next hour, for both"
    await database.close()


async def test_a_worker_with_a_wrong_clock_counts_as_alive(bench: Bench, wrong: timedelta) -> None:
    with clock_ahead(wrong):
        database = await connected(Database(bench.database.url))
        presence = Presence(database, Runner(database, bench.registry), kind="worker", version="1", queues=[DATASET])
        await presence.say()
    async with bench.database.read() as session:
        [worker] = await list_workers(session)
    assert is_alive(worker, bench.database.clock.now())
    await database.close()


async def test_a_clock_that_is_set_while_a_process_runs_changes_nothing(bench: Bench) -> None:
    await connected(bench.database)
    before = bench.database.clock.now()
    with clock_ahead(timedelta(hours=1)):
        assert abs(bench.database.clock.now() - before) < timedelta(seconds=10)


async def test_the_clock_is_read_anew_when_it_has_grown_old(bench: Bench) -> None:
    await connected(bench.database)
    clock = bench.database.clock
    asked = clock._read
    assert asked is not None
    await bench.database.read_clock(older_than=60)
    assert clock._read == asked
    clock.set(0.0, asked[1], asked[1])
    assert clock.now().year == 1970
    await bench.database.read_clock(older_than=-1)
    assert abs(clock.now() - utc_now()) < timedelta(seconds=10)


async def test_the_doctor_says_which_clock_is_wrong_and_that_jobs_keep_to_the_database(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    [good] = await check_clock(bench.database)
    assert good.state == "ok"
    real = time.time
    monkeypatch.setattr("homeport.features.operate.doctor.check_clock.time.time", lambda: real() + 3600)
    [found] = await check_clock(bench.database)
    assert found.state == "problem"
    shown = re.fullmatch(r"The clock of the database is ([\d.]+) s behind ours\.", found.said)
    assert shown is not None, found.said
    assert abs(float(shown[1]) - 3600) < 30
    assert "Jobs keep to the clock of the database." in (found.cause or "")
