"""The end of an attempt is written when the database is there again; what is refused meanwhile is said."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy.engine import make_url
from structlog.testing import capture_logs

from homeport.runtime.db.database import Database
from homeport.runtime.db.faults import DatabaseUnavailable
from homeport.runtime.errors import DiskFull
from homeport.runtime.tasks.run import Runner
from homeport.runtime.tasks.tables import JobState
from homeport.runtime.tasks.task import RunningJob
from tests.support.job_bench import Bench, Diary, Note, open_bench, until
from tests.support.tcp_proxy import Proxy, proxy_to

DATASET = "dataset"


@pytest.fixture(params=["postgres", "mysql"])
async def bench(request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    """Jobs on a server."""
    async with open_bench(request.getfixturevalue(f"{request.param}_url")) as bench:
        yield bench


@pytest.fixture
async def far(bench: Bench) -> AsyncIterator[tuple[Runner, Proxy]]:
    """A worker that reaches the database through a proxy."""
    url = bench.database.url
    with proxy_to(url.host or "127.0.0.1", url.port or (3306 if bench.database.kind == "mysql" else 5432)) as proxy:
        database = Database(make_url(url).set(host="127.0.0.1", port=proxy.port))
        runner = Runner(database, bench.registry, renew_seconds=0.2)
        yield runner, proxy
        await runner.close()
        await database.close()


@pytest.mark.parametrize("fails", [False, True])
async def test_a_job_that_ends_while_the_database_is_away_is_not_run_again_for_that(
    bench: Bench, far: tuple[Runner, Proxy], fails: bool
) -> None:
    runner, proxy = far

    async def outlast(diary: Diary, note: Note, job: RunningJob) -> None:
        diary.started.set()
        await diary.may_go_on.wait()
        diary.done.append(f"attempt {job.attempt}")
        if fails:
            raise DatabaseUnavailable("The database does not answer: it was told so.")

    job_id = await bench.enqueue(bench.task(outlast, pause=timedelta(minutes=1)))
    with capture_logs() as said:
        working = asyncio.create_task(runner.run(job_id, DATASET))
        await bench.diary.started.wait()
        proxy.cut()
        bench.diary.may_go_on.set()

        async def waits() -> bool:
            return any(line["event"] == "the end of an attempt cannot be written yet" for line in said)

        await until(waits)
        assert (await bench.row(job_id)).state == JobState.RUNNING
        proxy.let_through()
        assert await working
    row = await bench.row(job_id)
    assert bench.diary.done == ["attempt 1"]
    assert row.attempt == 1
    if fails:
        assert row.state == JobState.QUEUED
        assert row.last_error == "The database does not answer: it was told so."
    else:
        assert row.state == JobState.SUCCEEDED
    assert not [line for line in said if "exc_info" in line]
    assert len([line for line in said if line["log_level"] == "warning"]) <= 3


async def test_a_job_that_finds_the_disk_full_is_tried_again_with_that_sentence(bench: Bench) -> None:
    async def write(_diary: Diary, _note: Note, _job: RunningJob) -> None:
        raise DiskFull

    job_id = await bench.enqueue(bench.task(write))
    await bench.worker().run(job_id, DATASET)
    row = await bench.row(job_id)
    assert row.state == JobState.QUEUED
    assert row.last_error == "The disk is full; free some space on it, and what waits goes on."
