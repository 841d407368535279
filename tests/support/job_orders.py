"""Jobs for real workers, ordered from the test, and what became of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import select

from homeport.entry.settings import read_settings
from homeport.runtime.broadcast.port import Broadcast
from homeport.runtime.config.sources import Sources
from homeport.runtime.db.database import Database
from homeport.runtime.redis.broadcast import RedisBroadcast
from homeport.runtime.redis.connect import open_redis
from homeport.runtime.tasks.dispatchers.celery import CeleryDispatcher
from homeport.runtime.tasks.jobs import Jobs
from homeport.runtime.tasks.tables import Job
from tests.support.job_bench import until
from tests.support.processes import Installation
from tests.support.worker_program import PROGRAM, TASK, Order


class Note(NamedTuple):
    """One line of what workers wrote."""

    what: str
    name: str
    attempt: int
    process: int


@dataclass(slots=True)
class OrderDesk:
    """As an API process, without HTTP: jobs are rows, told through the broker."""

    folder: Path
    database: Database
    jobs: Jobs

    @property
    def notes(self) -> list[Note]:
        """All there are, in their order."""
        file = self.folder / "notes"
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        return [
            Note(what, name, int(attempt), int(process))
            for what, name, attempt, process in (line.split() for line in lines)
        ]

    async def order(self, *names: str, held: bool = False, megabytes: int = 0, subject_id: str | None = None) -> None:
        """Queue a job for each name; `held`: until `let_go`."""
        gate = str(self.folder / "gate") if held else None
        async with self.database.begin() as session:
            for name in names:
                order = Order(notes=str(self.folder / "notes"), name=name, gate=gate, megabytes=megabytes)
                await self.jobs.enqueue(session, TASK, order, subject_id=subject_id)

    def let_go(self) -> None:
        """Let all jobs that are held go on."""
        (self.folder / "gate").touch()

    async def states(self) -> Counter[str]:
        """How many jobs are in each state."""
        async with self.database.read() as session:
            return Counter((await session.execute(select(Job.state).where(Job.task == TASK.name))).scalars())

    async def began(self, count: int, seconds: float = 60) -> None:
        """Wait until so many attempts have begun."""

        async def enough() -> bool:
            return sum(note.what == "began" for note in self.notes) >= count

        await until(enough, seconds)

    async def all_succeeded(self, count: int, seconds: float = 90) -> None:
        """Wait for it, and see that each ended once."""

        async def done() -> bool:
            return await self.states() == {"succeeded": count}

        try:
            await until(done, seconds)
        except TimeoutError:
            raise AssertionError(f"{await self.states()} instead of {count} that succeeded: {self.notes}") from None

        async def noted() -> bool:  # the note follows the row
            return len(self._ends()) == count

        await until(noted)
        assert set(self._ends().values()) == {1}

    def _ends(self) -> Counter[str]:
        return Counter(note.name for note in self.notes if note.what == "ended")


@asynccontextmanager
async def order_desk(fleet: Installation, **settings: str) -> AsyncIterator[OrderDesk]:
    """On the fleet's database and broker; its workers will know the task."""
    fleet.program = PROGRAM
    read = read_settings(Sources({**fleet.settings, **settings}))
    database = Database(read.database.url(fleet.folder), read.database)
    dispatcher = CeleryDispatcher(read.celery, read.redis)
    redis = open_redis(read.redis) if read.redis.kind else None
    broadcast: Broadcast | None = RedisBroadcast(redis.client) if redis else None
    try:
        yield OrderDesk(fleet.folder, database, Jobs(dispatcher, broadcast))
    finally:
        await dispatcher.close()
        if redis is not None:
            await redis.close()
        await database.close()
