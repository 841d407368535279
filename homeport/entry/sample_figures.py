"""Figures that are looked up rather than counted: jobs in the database, pools of connections, the process itself."""

from __future__ import annotations

import asyncio
import os
import resource
import sys
import time
from pathlib import Path

import structlog
from sqlalchemy.exc import SQLAlchemyError

from homeport.entry.version import VERSION
from homeport.runtime.db.database import Database
from homeport.runtime.errors import HomeportError
from homeport.runtime.ops.meters import meters
from homeport.runtime.tasks.count import QueueFigures, count_busy_workers, count_unfinished
from homeport.runtime.tasks.queues import Queue
from homeport.runtime.tasks.run import Runner

log = structlog.get_logger(__name__)

#: Seconds for which a look holds, however often somebody asks; and those the database has to answer.
FRESH_SECONDS = 5.0
_PATIENCE_SECONDS = 3.0
_NOTHING = QueueFigures()


class Figures:
    """Looks things up for the meters of this process: when somebody asks, or all the time."""

    def __init__(
        self, database: Database, runner: Runner | None, *, commit: str = "", fresh: float = FRESH_SECONDS
    ) -> None:
        """`runner`: what does jobs here, if anything does; `fresh`: seconds for which a look holds."""
        self._database = database
        self._runner = runner
        self._fresh = fresh
        self._meters = meters()
        self._waits: dict[str, tuple[int, float]] = {}
        self._looked_at = float("-inf")
        self._look: asyncio.Task[None] | None = None
        self._loop: asyncio.Task[None] | None = None
        self._meters.process.build.labels(VERSION, commit).set(1)
        self._meters.process.start.set(time.time())

    async def refresh(self) -> None:
        """Look again, unless the last look is fresh. Never raises, and waits some seconds at the most."""
        if time.monotonic() - self._looked_at < self._fresh:
            return
        if self._look is None or self._look.done():
            self._look = asyncio.create_task(self._look_at_all())
        await asyncio.wait([self._look], timeout=_PATIENCE_SECONDS)

    def start(self) -> None:
        """Look at an interval too: for figures that leave this process without being asked for."""
        self._loop = asyncio.create_task(self._forever())

    async def close(self) -> None:
        """Look no more."""
        tasks = [task for task in (self._loop, self._look) if task is not None and not task.done()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _forever(self) -> None:
        while True:
            await self.refresh()
            due = time.monotonic() + self._fresh
            await asyncio.sleep(self._fresh)
            self._meters.process.loop_delay.set(max(0.0, time.monotonic() - due))

    async def _look_at_all(self) -> None:
        self._see_process()
        self._see_pools()
        if self._runner is not None:
            self._meters.jobs.leases.set(self._runner.held)
        try:
            await self._see_jobs()
        except (OSError, SQLAlchemyError, HomeportError, TimeoutError) as error:
            log.warning("jobs were not counted", error=(str(error) or type(error).__name__).splitlines()[0])
            self._meters.database.up.set(0)
        else:
            self._meters.database.up.set(1)
        self._looked_at = time.monotonic()

    async def _see_jobs(self) -> None:
        async with self._database.read() as session:
            found = await count_unfinished(session)
            workers = await count_busy_workers(session)
        jobs = self._meters.jobs
        jobs.workers.set(workers)
        for queue in Queue:  # an idle queue is shown with zeros: what scales by these must not find nothing
            figures = found.get(queue, _NOTHING)
            jobs.waiting.labels(queue).set(figures.waiting)
            jobs.scheduled.labels(queue).set(figures.scheduled)
            jobs.running.labels(queue).set(figures.running)
            jobs.abandoned.labels(queue).set(figures.abandoned)
            jobs.oldest.labels(queue).set(figures.oldest_seconds)

    def _see_pools(self) -> None:
        pools = self._meters.database
        for pool in self._database.pools():
            pools.size.labels(pool.name).set(pool.size)
            pools.in_use.labels(pool.name).set(pool.in_use)
            pools.overflow.labels(pool.name).set(pool.overflow)
            number, seconds = self._waits.get(pool.name, (0, 0.0))
            pools.waits.labels(pool.name).inc(pool.waits.number - number)
            pools.wait_seconds.labels(pool.name).inc(pool.waits.seconds - seconds)
            self._waits[pool.name] = (pool.waits.number, pool.waits.seconds)

    def _see_process(self) -> None:
        process = self._meters.process
        used = resource.getrusage(resource.RUSAGE_SELF)
        process.cpu.set(used.ru_utime + used.ru_stime)
        memory = Path("/proc/self/statm")
        if memory.exists():
            process.memory.set(int(memory.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE"))
            process.files.set(len(os.listdir("/proc/self/fd")))  # noqa: PTH208 - no objects for mere counting
        else:  # the most it ever was: a kernel without /proc tells no more
            process.memory.set(used.ru_maxrss * (1 if sys.platform == "darwin" else 1024))
