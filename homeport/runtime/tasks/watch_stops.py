"""Requests to stop a job that runs here, looked for in its row while no word of other processes comes.

Where Redis carries words between processes, this does nothing but see that it does. In a fleet without Redis, or while
Redis is away, it reads the rows of the jobs that run here twice a second; none when no job runs.
"""

from __future__ import annotations

import asyncio
import contextlib

import structlog

from homeport.runtime.broadcast.port import Broadcast
from homeport.runtime.db.database import Database
from homeport.runtime.tasks import repository
from homeport.runtime.tasks.run import Runner

log = structlog.get_logger(__name__)

_LOOK_SECONDS = 0.5


class StopWatch:
    """Of one process that runs jobs."""

    def __init__(
        self, database: Database, runner: Runner, broadcast: Broadcast, *, interval: float = _LOOK_SECONDS
    ) -> None:
        """`interval` in seconds."""
        self._database = database
        self._runner = runner
        self._broadcast = broadcast
        self._interval = interval
        self._closing = asyncio.Event()
        self._loop: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Look in the background until `close`."""
        self._loop = asyncio.create_task(self._forever())

    async def close(self) -> None:
        """Look no more; after the statement that runs, whose connection would be lost otherwise."""
        self._closing.set()
        if self._loop is not None:
            await self._loop

    async def look(self) -> None:
        """Stop those of the jobs that run here of which their rows say so."""
        async with self._database.read() as session:
            asked = await repository.asked_to_stop(session, self._runner.running_ids)
        for job_id in asked:
            await self._runner.stop(job_id)

    async def _forever(self) -> None:
        while not self._closing.is_set():
            if self._runner.held and not self._broadcast.hears_others:
                try:
                    await self.look()
                except Exception as error:  # noqa: BLE001 - the edge: a database that is away must not end it
                    log.debug("requests to stop were not looked for", error=str(error) or type(error).__name__)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), self._interval)
