"""Tell the broker again what it may have forgotten: due jobs nobody took, and jobs whose worker died."""

from __future__ import annotations

import asyncio
import contextlib
import time
from datetime import timedelta

import structlog

from homeport.runtime.db.database import Database
from homeport.runtime.ops.outage import Outage
from homeport.runtime.tasks import repository
from homeport.runtime.tasks.dispatchers.port import Dispatcher

log = structlog.get_logger(__name__)

_BATCH = 500
_CLOSE_SECONDS = 5
#: Seconds for which the clock of the database is taken to go on as this process' own.
_CLOCK_SECONDS = 10.0
#: A process that stood still for so long (a task that blocks it, a machine that slept) renews its own leases first:
#: until then it would take its own jobs for lost. Seconds; and how many it then gives itself.
_STANDSTILL = 10.0
_RECOVERY = 10.0


class Sweep:
    """Looks at the job table at an interval and sends hints again; any number of replicas may do it."""

    def __init__(
        self,
        database: Database,
        dispatcher: Dispatcher,
        *,
        interval: float = 2.0,
        grace: timedelta = repository.GRACE,
    ) -> None:
        """`interval` in seconds; `grace`: how long a hint may lie before it is sent again."""
        self._database = database
        self._dispatcher = dispatcher
        self._interval = interval
        self._grace = grace
        self._loop: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()
        self._outage = Outage("sweep postponed", "the sweep goes on")

    async def once(self) -> int:
        """Send a hint for every job that lies too long, one batch; answer how many."""
        await self._database.read_clock(_CLOCK_SECONDS)
        async with self._database.read() as session:  # on SQLite an idle sweep must not ask for the one writer
            if not await repository.anything_forgotten(session):
                return 0
        async with self._database.begin() as session:
            due = await repository.take_forgotten(session, self._grace, _BATCH)
        for job_id, queue in due:
            await self._dispatcher.send(queue, job_id)
        return len(due)

    async def start(self) -> None:
        """Sweep in the background until `close`."""
        self._loop = asyncio.create_task(self._forever())

    async def close(self) -> None:
        """Stop sweeping, after the statement that runs: a connection cancelled in the middle is lost."""
        self._closing.set()
        if self._loop is not None:
            _, late = await asyncio.wait([self._loop], timeout=_CLOSE_SECONDS)
            for one in late:
                one.cancel()

    async def _forever(self) -> None:
        while not self._closing.is_set():
            try:
                while await self.once() == _BATCH and not self._closing.is_set():
                    pass
                self._outage.ended()
            except Exception as error:  # noqa: BLE001 - the sweep is what others are saved by: it must not die
                self._outage.failed(error)
            late = await self._pause(self._interval)
            if late > _STANDSTILL:
                log.warning(
                    "this process stood still; it renews its leases before it looks for lost jobs", seconds=late
                )
                await self._pause(_RECOVERY)

    async def _pause(self, seconds: float) -> float:
        """Wait; answers how many seconds longer that took, by whichever clock saw more of them."""
        began = (time.monotonic(), time.time())
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._closing.wait(), seconds)
        return round(max(time.monotonic() - began[0], time.time() - began[1]) - seconds, 1)
