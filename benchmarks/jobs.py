"""Durable jobs: rows, claims and ends on SQLite in one process, with and without a million finished rows.

Every job is queued in a transaction of its own, claimed in turn, and ended in a transaction of its own.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from pathlib import Path

import uvloop
from sqlalchemy import insert

from homeport.entry.migrate import migrate
from homeport.features.operate.tasks import PROBES
from homeport.runtime.db.columns import new_id, utc_now
from homeport.runtime.db.database import Database
from homeport.runtime.tasks.dispatchers.local import LocalDispatcher
from homeport.runtime.tasks.jobs import Jobs
from homeport.runtime.tasks.queues import Queue
from homeport.runtime.tasks.run import Runner
from homeport.runtime.tasks.tables import Job, JobState
from homeport.runtime.tasks.task import NoPayload, Registry, RunningJob, Task

_JOBS = 3000
_BATCH = 5000


class Counter:
    """The room of the task: how many are done."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.done = 0
        self.all_done = asyncio.Event()


async def _count(room: Counter, _probe: NoPayload, job: RunningJob) -> None:
    async with room.database.begin() as session:
        await job.complete(session)
    room.done += 1
    if room.done == _JOBS:
        room.all_done.set()


async def fill(database: Database, rows: int) -> None:
    """Finished rows, as a year leaves them."""
    now = utc_now()
    row = {"queue": "dataset", "task": "t", "payload": {}, "state": JobState.SUCCEEDED, "finished_at": now}
    for _ in range(0, rows, _BATCH):
        async with database.begin() as session:
            await session.execute(
                insert(Job), [{"id": new_id(), "workspace_id": new_id(), **row} for _ in range(_BATCH)]
            )


async def measure(finished: int) -> None:
    """Print jobs per second and the time of one job alone."""
    with tempfile.TemporaryDirectory(prefix="homeport-benchmark-") as folder:
        database = Database(f"sqlite:///{Path(folder) / 'jobs.db'}")
        await migrate(database)
        await fill(database, finished)
        room, registry, local = Counter(database), Registry(), LocalDispatcher()
        task = Task("benchmark.count", Queue.DATASET, NoPayload, _count)
        registry.add((task, *PROBES.values()), room)
        runner = Runner(database, registry, dispatcher=local)
        local.connect(runner.run)
        await local.start()
        jobs = Jobs(local)
        workspaces = [new_id() for _ in range(20)]
        began, processor = time.perf_counter(), time.process_time()
        for number in range(_JOBS):
            async with database.begin() as session:
                await jobs.enqueue(session, task, NoPayload(), workspace_id=workspaces[number % 20])
        await room.all_done.wait()
        taken, used = time.perf_counter() - began, time.process_time() - processor
        alone = []
        for _ in range(200):
            room.done, room.all_done = _JOBS - 1, asyncio.Event()
            one = time.perf_counter()
            async with database.begin() as session:
                await jobs.enqueue(session, task, NoPayload(), workspace_id=workspaces[0])
            await room.all_done.wait()
            alone.append(time.perf_counter() - one)
        await runner.close()
        await local.close()
        await database.close()
    print(
        f"jobs on SQLite, {finished:,} finished rows: {_JOBS / taken:.0f} jobs/s, "
        f"{used / _JOBS * 1000:.2f} ms CPU each; one alone p50 {sorted(alone)[100] * 1000:.1f} ms"
    )


def main() -> None:
    """With an empty table, then with many finished rows (a million with --million)."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(measure(0))
        runner.run(measure(1_000_000 if "--million" in sys.argv else 100_000))


if __name__ == "__main__":
    main()
