"""Figures that are looked up, jobs by queue on each engine and waits for connections; and jobs that are counted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from homeport.entry.sample_figures import Figures
from homeport.runtime.db.columns import utc_now
from homeport.runtime.db.database import Database
from homeport.runtime.db.faults import DatabaseUnavailable
from homeport.runtime.db.settings import DatabaseSettings
from homeport.runtime.errors import HomeportError
from homeport.runtime.ops.meters import meters
from homeport.runtime.tasks.count import count_busy_workers, count_unfinished
from homeport.runtime.tasks.task import RunningJob
from tests.support.job_bench import Bench, Diary, Note, open_bench, wait_at_gate


@pytest.fixture
async def bench(database_url: str) -> AsyncIterator[Bench]:
    async with open_bench(database_url) as found:
        yield found


def value(name: str, **labels: str) -> float:
    return meters().registry.get_sample_value(f"homeport_{name}", labels) or 0.0


async def test_jobs_are_counted_by_what_they_wait_for(bench: Bench) -> None:
    task = bench.task()
    now = utc_now()
    done = await bench.enqueue(task)
    await bench.worker().run(done)
    old = await bench.enqueue(task)
    await bench.change(old, run_at=now - timedelta(minutes=5))
    await bench.enqueue(task)
    await bench.enqueue(task, run_at=now + timedelta(hours=1))
    for lease, worker in ((now + timedelta(minutes=1), "a"), (now - timedelta(minutes=1), "b")):
        await bench.change(await bench.enqueue(task), state="running", lease_until=lease, leased_by=worker)
    async with bench.database.read() as session:
        [(queue, found)] = (await count_unfinished(session)).items()
        workers = await count_busy_workers(session)
    assert queue == "dataset"
    assert (found.waiting, found.scheduled, found.running, found.abandoned) == (2, 1, 1, 1)
    assert 300 <= found.oldest_seconds < 400
    assert workers == 1


async def test_an_empty_line_has_no_figures(bench: Bench) -> None:
    async with bench.database.read() as session:
        assert await count_unfinished(session) == {}


async def test_the_gauges_follow_and_go_back_to_zero(bench: Bench) -> None:
    figures = Figures(bench.database, None, fresh=0)
    job = await bench.enqueue(bench.task())
    await figures.refresh()
    assert (value("jobs_waiting", queue="dataset"), value("database_up")) == (1, 1)
    await bench.worker().run(job)
    await figures.refresh()
    assert value("jobs_waiting", queue="dataset") == 0
    await figures.close()


async def test_many_who_ask_cost_one_look(bench: Bench) -> None:
    figures = Figures(bench.database, None, fresh=3600)
    await asyncio.gather(*(figures.refresh() for _ in range(20)))
    await bench.enqueue(bench.task())
    await figures.refresh()
    assert value("jobs_waiting", queue="dataset") == 0
    await figures.close()


async def test_a_database_that_is_gone_is_a_figure_too(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/nowhere/at-all.db")
    figures = Figures(database, None, fresh=0)
    await figures.refresh()
    assert value("database_up") == 0
    await figures.close()
    await database.close()


async def break_once(diary: Diary, note: Note, job: RunningJob) -> None:
    if job.attempt == 1:
        raise PassingFault
    diary.done.append(note.text)


class PassingFault(HomeportError):
    """It did not work this time."""

    temporary = True


async def test_attempts_at_jobs_are_counted_by_how_they_end(sqlite_url: str) -> None:
    labels = {"queue": "dataset", "task": "test.break_once"}
    async with open_bench(sqlite_url) as bench:
        before = {one: value("jobs_finished_total", outcome=one, **labels) for one in ("retried", "succeeded")}
        job = await bench.enqueue(bench.task(break_once))
        worker = bench.worker()
        await worker.run(job)
        await bench.make_due(job)
        await worker.run(job)
    assert {one: value("jobs_finished_total", outcome=one, **labels) - number for one, number in before.items()} == {
        "retried": 1,
        "succeeded": 1,
    }
    assert value("job_seconds_count", **labels) >= 2


async def test_jobs_that_run_here_are_leases_held(sqlite_url: str) -> None:
    async with open_bench(sqlite_url) as bench:
        worker = bench.worker()
        figures = Figures(bench.database, worker, fresh=0)
        running = asyncio.create_task(worker.run(await bench.enqueue(bench.task(wait_at_gate))))
        await bench.diary.started.wait()
        await figures.refresh()
        assert value("leases_held") == 1
        bench.diary.may_go_on.set()
        await running
        await figures.refresh()
        assert value("leases_held") == 0
        await figures.close()


async def test_waiting_for_a_connection_is_counted(postgres_url: str) -> None:
    settings = DatabaseSettings(sqlalchemy_pool_size=1, sqlalchemy_max_overflow=0, sqlalchemy_pool_timeout=1)
    database = Database(postgres_url, settings)
    async with database.read() as first:
        await first.connection()
        [pool] = database.pools()
        assert (pool.name, pool.size, pool.in_use, pool.overflow, pool.waits.number) == ("main", 1, 1, 0, 0)
        with pytest.raises(DatabaseUnavailable):
            async with database.read() as second:
                await second.connection()
    [pool] = database.pools()
    assert pool.waits.number == 1
    assert pool.waits.seconds > 0
    await database.close()


async def test_writers_of_an_sqlite_file_that_wait_for_their_turn_are_counted(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    inside, leave = asyncio.Event(), asyncio.Event()

    async def write() -> None:
        async with database.begin():
            inside.set()
            await leave.wait()

    first = asyncio.create_task(write())
    await inside.wait()
    second = asyncio.create_task(write())
    await asyncio.sleep(0)
    leave.set()
    await asyncio.gather(first, second)
    writer, reader = database.pools()
    assert (writer.name, writer.waits.number) == ("writer", 1)
    assert (reader.name, reader.waits.number) == ("reader", 0)
    await database.close()
