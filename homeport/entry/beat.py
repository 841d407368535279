"""The timetable of a fleet. Any number of these processes may run: one of them works, the others stand by.

It also tells the broker again what it may have forgotten. Workers and API processes do that too, so a fleet without a
beat loses nothing; only what happens by the clock does not happen.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from pathlib import Path

import structlog
import uvloop
from sqlalchemy.exc import SQLAlchemyError

from homeport.entry.health import standard_checks
from homeport.entry.sample_figures import Figures
from homeport.entry.settings import Settings
from homeport.entry.telemetry import watched
from homeport.entry.timetable import entries
from homeport.entry.watch_port import watch_port
from homeport.runtime.db.database import Database
from homeport.runtime.db.locks import LockNotAcquired, exclusively
from homeport.runtime.errors import HomeportError
from homeport.runtime.ops.outage import Outage
from homeport.runtime.tasks.dispatchers.celery import CeleryDispatcher
from homeport.runtime.tasks.jobs import Jobs
from homeport.runtime.tasks.sweep import Sweep
from homeport.runtime.tasks.timetable import Timetable

log = structlog.get_logger(__name__)

LOCK = "homeport:beat"
_STANDBY_SECONDS = 5.0
#: The lock lives on one connection, which a server may close for its idleness: it is taken anew now and then.
_TERM_SECONDS = 600.0
_TICK_SECONDS = 2.0


class Beat:
    """Works through the timetable while it holds the lock."""

    def __init__(
        self,
        database: Database,
        sweep: Sweep,
        timetable: Timetable | None = None,
        *,
        standby: float = _STANDBY_SECONDS,
    ) -> None:
        """`standby`: seconds between attempts to take the lock."""
        self._database = database
        self._sweep = sweep
        self._timetable = timetable
        self._standby = standby
        self._stopping = asyncio.Event()
        self._outage = Outage("the timetable waits for the database", "the timetable goes on")
        #: Whether this process is the one that works.
        self.on_duty = False

    def stop(self) -> None:
        """End after what is being done now."""
        self._stopping.set()

    async def forever(self) -> None:
        """Until it is stopped."""
        while not self._stopping.is_set():
            try:
                await self._serve_a_term()
            except LockNotAcquired:
                log.debug("another beat is on duty")
            except (OSError, SQLAlchemyError, HomeportError) as error:
                self._outage.failed(error)
            await self._pause(self._standby)

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    async def _serve_a_term(self) -> None:
        async with exclusively(self._database, LOCK, seconds=0):
            log.info("on duty: this beat works through the timetable")
            self.on_duty = True
            self._outage.ended()
            try:
                end = time.monotonic() + _TERM_SECONDS
                while time.monotonic() < end and not self._stopping.is_set():
                    await self._sweep.once()
                    if self._timetable is not None:
                        await self._timetable.tick()
                    await self._pause(_TICK_SECONDS)
            finally:
                self.on_duty = False


def run(settings: Settings, data_dir: Path) -> int:
    """Keep the timetable until a signal comes."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_keep(settings, data_dir))
    return 0


async def _keep(settings: Settings, data_dir: Path) -> None:
    database = Database(settings.database.url(data_dir), settings.database)
    dispatcher = CeleryDispatcher(settings.celery, settings.redis)
    timetable = Timetable(database, Jobs(dispatcher), entries(settings))
    beat = Beat(database, Sweep(database, dispatcher), timetable)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, beat.stop)
    figures = Figures(database, None, commit=settings.deployment.commit_sha)
    try:
        async with (
            watched(settings, database),
            watch_port(settings, standard_checks(database, dispatcher), figures),
        ):
            await beat.forever()
    finally:
        await figures.close()
        await dispatcher.close()
        await database.close()
    log.info("beat has stopped")
