"""A process that stands still: a task that never lets others work, a machine that slept."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from homeport.runtime.db.columns import utc_now
from homeport.runtime.db.database import Database
from homeport.runtime.tasks import repository, routine, sweep
from homeport.runtime.tasks.run import Runner
from homeport.runtime.tasks.sweep import Sweep
from homeport.runtime.tasks.tables import JobState
from homeport.runtime.tasks.task import RunningJob
from tests.support.job_bench import Bench, Diary, Note, open_bench, until

DATASET = "dataset"
LEASE = timedelta(seconds=1)


@pytest.fixture(params=["postgres", "mysql"])
async def bench(request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    """Jobs on a server: another process is there to take over."""
    async with open_bench(request.getfixturevalue(f"{request.param}_url")) as bench:
        yield bench


async def test_a_task_that_blocks_its_process_beyond_its_lease_is_done_elsewhere_and_has_no_effect_here(
    bench: Bench,
) -> None:
    began, go_on = threading.Event(), threading.Event()

    async def compute(diary: Diary, note: Note, job: RunningJob) -> None:
        database = bench.database
        if job.attempt == 1:
            database = Database(bench.database.url)  # of its own loop
            began.set()
            go_on.wait(20)  # as a long calculation does: nothing else runs on this loop
        try:
            async with database.begin() as session:
                await repository.set_progress(session, job.id, job.attempt, job.attempt, 9)  # stands for its effects
                await job.complete(session)
            diary.done.append(f"attempt {job.attempt}")
        finally:
            if database is not bench.database:
                await database.close()

    async def work_elsewhere() -> None:
        database = Database(bench.database.url)
        runner = Runner(database, bench.registry, lease=LEASE, renew_seconds=0.2)
        assert await runner.run("any", DATASET)
        await asyncio.sleep(0.3)
        await runner.close()
        await database.close()

    job_id = await bench.enqueue(bench.task(compute))
    with capture_logs() as said:
        blocked = threading.Thread(target=lambda: asyncio.run(work_elsewhere()))
        blocked.start()
        assert await asyncio.to_thread(began.wait, 20)
        sweeping = bench.sweep()
        await bench.change(job_id, hint_at=utc_now())

        async def lost() -> bool:
            await sweeping.once()
            return (await bench.row(job_id)).state == JobState.QUEUED

        await until(lost)
        assert ((await bench.row(job_id)).last_error or "").endswith(" UTC.")
        assert await bench.worker().run("any", DATASET)
        go_on.set()
        await asyncio.to_thread(blocked.join)
    assert bench.diary.done == ["attempt 2"]
    row = await bench.row(job_id)
    assert (row.state, row.attempt, row.done) == (JobState.SUCCEEDED, 2, 2)
    assert "job lost to another worker" in [line["event"] for line in said]


async def test_a_task_that_blocks_its_process_is_named_in_the_log(sqlite_bench: Bench) -> None:
    async def compute(_diary: Diary, _note: Note, _job: RunningJob) -> None:
        await asyncio.sleep(0.05)  # its keeper has begun
        time.sleep(0.6)  # noqa: ASYNC251 - this is what must not be done
        await asyncio.sleep(0.1)

    job_id = await sqlite_bench.enqueue(sqlite_bench.task(compute))
    with capture_logs() as said:
        await sqlite_bench.worker(lease=timedelta(seconds=0.5), renew_seconds=0.1).run(job_id)
    found = [line for line in said if line["event"].startswith("a task has blocked this process")]
    # More than one where the machine stood still, too.
    assert any(line["tasks"] == ["test.compute"] and line["seconds"] >= 0.3 for line in found), found
    assert (await sqlite_bench.row(job_id)).state == JobState.SUCCEEDED


async def test_after_a_standstill_a_process_does_not_take_its_own_jobs_for_lost(
    sqlite_bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routine, "_STANDSTILL", 0.3)
    monkeypatch.setattr(sweep, "_RECOVERY", 30)
    bench, swept = sqlite_bench, asyncio.Event()

    class SeenSweep(Sweep):
        async def once(self) -> int:
            count = await super().once()
            swept.set()
            return count

    sweeping = SeenSweep(bench.database, bench.hints, interval=0.02)

    async def renewed() -> bool:
        lease_until = (await bench.row(job_id)).lease_until
        return lease_until is None or lease_until > utc_now()

    async def sleep_like_a_laptop(diary: Diary, note: Note, job: RunningJob) -> None:
        await bench.change(job.id, hint_at=utc_now())  # its hint is old: once its lease is over the sweep would see it
        sweeping.start()
        await swept.wait()  # the sweep pauses now, and its next look is due before the leases are renewed
        time.sleep(1.5)  # noqa: ASYNC251 - this is what must not be done
        await until(renewed)
        diary.done.append(f"attempt {job.attempt}")

    job_id = await bench.enqueue(bench.task(sleep_like_a_laptop))
    with capture_logs() as said:
        await bench.worker(lease=LEASE, renew_seconds=2).run(job_id)
    await sweeping.close()
    assert bench.diary.done == ["attempt 1"]
    row = await bench.row(job_id)
    assert (row.state, row.attempt, row.last_error) == (JobState.SUCCEEDED, 1, None)
    assert any(line["event"].startswith("this process stood still") for line in said)
