"""Hints that are dropped, doubled or late: each job is done once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from sqlalchemy import update

from homeport.runtime.db.columns import new_id, utc_now
from homeport.runtime.tasks.dispatchers.local import LocalDispatcher
from homeport.runtime.tasks.sweep import Sweep
from homeport.runtime.tasks.tables import Job, JobState
from tests.support.job_bench import Bench, until, wait_at_gate

DATASET = "dataset"
COUNT = 60


@dataclass(slots=True)
class Careless:
    """Passes each hint on so many times."""

    times: int
    to: LocalDispatcher = field(default_factory=LocalDispatcher)

    async def send(self, queue: str, job_id: str) -> None:
        """Drop or double it."""
        for _ in range(self.times):
            self.to._known.clear()  # the local dispatcher would notice: a broker does not
            await self.to.send(queue, job_id)

    async def alive(self) -> bool:
        """Always."""
        return True

    async def start(self) -> None:
        """Take jobs."""
        await self.to.start()

    async def close(self) -> None:
        """Take no more."""
        await self.to.close()


@pytest.mark.parametrize("times", [0, 2, 5])
async def test_with_every_hint_dropped_or_doubled_each_job_is_done_once(bench: Bench, times: int) -> None:
    careless = Careless(times)
    runner = bench.worker(dispatcher=careless)
    careless.to.connect(runner.run)
    await careless.start()
    bench.dispatcher = careless
    task = bench.task()
    for number in range(COUNT):
        await bench.enqueue(task, str(number), workspace_id=new_id())
    # The sweep's own hints arrive: those of whoever queued a job do not, or come again and again.
    sweep = Sweep(bench.database, careless if times else careless.to, interval=0.05, grace=timedelta(seconds=0.05))
    if not times:
        async with bench.database.begin() as session:
            await session.execute(update(Job).values(hint_at=utc_now() - timedelta(seconds=1)))
    sweep.start()

    async def done() -> bool:
        return len(bench.diary.done) >= COUNT

    await until(done, seconds=60)
    await sweep.close()
    await careless.close()
    await runner.close()
    assert sorted(bench.diary.done, key=int) == [str(number) for number in range(COUNT)]


async def test_a_hint_that_comes_again_while_its_job_runs_or_long_after_its_end_does_nothing(bench: Bench) -> None:
    job_id = await bench.enqueue(bench.task(wait_at_gate))
    worker, other = bench.worker(), bench.worker()
    working = asyncio.create_task(worker.run(job_id, DATASET))
    await bench.diary.started.wait()
    assert await asyncio.gather(*(one.run(job_id, DATASET) for one in (worker, other, other))) == [False] * 3
    assert not await other.run(job_id), "nor does a message of an older version, which has no queue"
    bench.diary.may_go_on.set()
    assert await working
    for _ in range(3):
        assert not await other.run(job_id, DATASET)
        assert not await other.run(job_id)
    row = await bench.row(job_id)
    assert (row.state, row.attempt) == (JobState.SUCCEEDED, 1)
    assert bench.diary.done == ["a"]
