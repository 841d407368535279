"""The timetable, kept beside other work by a process that does its own jobs."""

from __future__ import annotations

import asyncio
import contextlib

from homeport.runtime.ops.outage import Outage
from homeport.runtime.tasks.timetable import Timetable

_TICK_SECONDS = 2.0


class TimeKeeper:
    """Looks at the clock every two seconds until it is closed."""

    def __init__(self, timetable: Timetable) -> None:
        """Does nothing yet."""
        self._timetable = timetable
        self._closing = asyncio.Event()
        self._outage = Outage("the timetable waits for the database", "the timetable goes on")
        self._loop: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Keep it in the background."""
        self._loop = asyncio.create_task(self._forever())

    async def close(self) -> None:
        """Stop after what is being done now."""
        self._closing.set()
        if self._loop is not None:
            await self._loop

    async def _forever(self) -> None:
        while not self._closing.is_set():
            try:
                await self._timetable.tick()
                self._outage.ended()
            except Exception as error:  # noqa: BLE001 - the edge: a database that is away must not end it
                self._outage.failed(error)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), _TICK_SECONDS)
