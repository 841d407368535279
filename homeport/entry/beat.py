"""The timetable of a fleet. Any number of these processes may run: one of them works, the others stand by.

It also tells the broker again what it may have forgotten. Workers and API processes do that too, so a fleet without a
beat loses nothing; only what happens by the clock does not happen.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
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
from homeport.runtime.db.columns import new_id
from homeport.runtime.db.database import Database
from homeport.runtime.errors import HomeportError
from homeport.runtime.tasks.dispatchers.celery import CeleryDispatcher
from homeport.runtime.tasks.duty import BEAT, PATIENCE_SECONDS, DutyRota
from homeport.runtime.tasks.jobs import Jobs
from homeport.runtime.tasks.sweep import Sweep
from homeport.runtime.tasks.timetable import TICK_SECONDS, Timetable, kept

log = structlog.get_logger(__name__)


class Beat:
    """Works through the timetable while it is on duty."""

    def __init__(
        self,
        database: Database,
        sweep: Sweep,
        timetable: Timetable | None = None,
        *,
        turn: float = TICK_SECONDS,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        """`turn`: seconds between looks at the clock; `patience`: as `DutyRota` has it."""
        self._database = database
        self._sweep = sweep
        self._timetable = timetable
        self.name = f"{socket.gethostname()[:60]}:{os.getpid()}:{new_id()[-6:]}"
        self._rota = DutyRota(database, BEAT, self.name, patience=patience)
        self._routine = kept(self._turn, interval=turn)
        #: Whether this process is the one that works.
        self.on_duty = False

    def stop(self) -> None:
        """End after what is being done now."""
        self._routine.stop()

    async def forever(self) -> None:
        """Until it is stopped."""
        await self._routine.run()
        self.on_duty = False
        with contextlib.suppress(OSError, SQLAlchemyError, HomeportError):
            await self._rota.leave()

    async def _turn(self) -> None:
        try:
            await self._take_turn()
        except BaseException:
            self.on_duty = False
            raise

    async def _take_turn(self) -> None:
        mine = await self._rota.take()
        if mine is not self.on_duty:
            log.info("on duty: this beat works through the timetable" if mine else "another beat is on duty now")
        self.on_duty = mine
        if mine:
            await self._sweep.once()
            if self._timetable is not None:
                await self._timetable.tick()


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
