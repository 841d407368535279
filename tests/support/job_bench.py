"""Jobs over a real database: hints are kept in a list, so that a test may lose, double or delay them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from pydantic import BaseModel
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from homeport.runtime.broadcast.local import LocalBroadcast
from homeport.runtime.db.columns import utc_now
from homeport.runtime.db.database import Database
from homeport.runtime.tasks.dispatchers.port import Dispatcher
from homeport.runtime.tasks.jobs import STOP_JOB, Jobs
from homeport.runtime.tasks.queues import Queue
from homeport.runtime.tasks.run import Runner
from homeport.runtime.tasks.sweep import Sweep
from homeport.runtime.tasks.tables import Job
from homeport.runtime.tasks.task import Registry, RunningJob, Task


class Note(BaseModel):
    """What the tasks of these tests are given."""

    text: str = "a"


@dataclass(slots=True)
class HintList:
    """A dispatcher that keeps what it was told."""

    sent: list[tuple[str, str]] = field(default_factory=list)

    async def send(self, queue: str, job_id: str) -> None:
        """Keep the hint."""
        self.sent.append((queue, job_id))

    async def alive(self) -> bool:
        """Always."""
        return True

    async def start(self) -> None:
        """Nothing to start."""

    async def close(self) -> None:
        """Nothing to close."""


@dataclass(slots=True)
class Diary:
    """The room of the tasks: who has done what, and gates to hold a task at."""

    done: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    started: asyncio.Event = field(default_factory=asyncio.Event)
    may_go_on: asyncio.Event = field(default_factory=asyncio.Event)


Run = Callable[[Diary, Note, RunningJob], Awaitable[None]]


async def write_down(diary: Diary, note: Note, _job: RunningJob) -> None:
    """A task that does its work at once."""
    diary.done.append(note.text)


async def wait_at_gate(diary: Diary, note: Note, _job: RunningJob) -> None:
    """A task that says it has started and goes on when it is let."""
    diary.started.set()
    await diary.may_go_on.wait()
    diary.done.append(note.text)


async def _tell(diary: Diary, _note: Note, _session: AsyncSession, sentence: str) -> None:
    diary.failed.append(sentence)


@dataclass(slots=True)
class Bench:
    """A database with a job table, the diary of what was done, and any number of workers."""

    database: Database
    hints: HintList = field(default_factory=HintList)
    dispatcher: Dispatcher | None = None
    diary: Diary = field(default_factory=Diary)
    registry: Registry = field(default_factory=Registry)
    workers: list[Runner] = field(default_factory=list)

    def task(self, run: Run = write_down, **options: Any) -> Task[Diary, Note]:
        """A task named after its function, known to every worker."""
        task = Task(f"test.{run.__name__}", Queue.DATASET, Note, run, **({"failed": _tell} | options))
        self.registry.add([task], self.diary)
        return task

    def worker(self, **options: Any) -> Runner:
        """One more worker."""
        runner = Runner(self.database, self.registry, **({"dispatcher": self.hints} | options))
        self.workers.append(runner)
        return runner

    def sweep(self) -> Sweep:
        """A sweep that sends to `hints`."""
        return Sweep(self.database, self.hints)

    async def enqueue(self, task: Task[Diary, Note], text: str = "a", **options: Any) -> str:
        """Queue a job in a transaction of its own."""
        async with self.database.begin() as session:
            return await Jobs(self.dispatcher or self.hints).enqueue(session, task, Note(text=text), **options)

    async def row(self, job_id: str) -> Job:
        """The job as it stands in the database."""
        async with self.database.read() as session:
            return (await session.execute(select(Job).where(Job.id == job_id))).scalar_one()

    async def change(self, job_id: str, **values: Any) -> None:
        """Write into the job's row, as time or a crash would."""
        async with self.database.begin() as session:
            await session.execute(update(Job).where(Job.id == job_id).values(**values))

    async def let_lease_run_out(self, job_id: str) -> None:
        """As after a long silence of the worker that holds it."""
        long_ago = utc_now() - timedelta(minutes=1)
        await self.change(job_id, lease_until=long_ago, hint_at=long_ago)

    async def make_due(self, job_id: str) -> None:
        """As after the pause before another attempt."""
        before = utc_now() - timedelta(minutes=1)
        await self.change(job_id, run_at=before, hint_at=before)


def told_to_stop(runner: Runner) -> LocalBroadcast:
    """A broadcast on which the runner listens, as in the house."""
    broadcast = LocalBroadcast()
    broadcast.listen(STOP_JOB, runner.stop)
    return broadcast


async def until(ready: Callable[[], Awaitable[bool]], seconds: float = 20) -> None:
    """Ask again and again, letting others work in between; `TimeoutError` after `seconds`."""
    async with asyncio.timeout(seconds):
        while not await ready():  # noqa: ASYNC110 - what is asked is a row in a database
            await asyncio.sleep(0.005)


@asynccontextmanager
async def open_bench(url: str) -> AsyncIterator[Bench]:
    """A bench over the empty database at `url`."""
    database = Database(url)
    async with database.engine.begin() as connection:
        names = ("jobs", "queue_switches", "workers", "beat_entries", "duties")
        tables = [Job.metadata.tables[name] for name in names]
        await connection.run_sync(lambda sync: Job.metadata.create_all(sync, tables=tables))
    bench = Bench(database)
    try:
        yield bench
    finally:
        for worker in bench.workers:
            await worker.close()
        await database.close()
