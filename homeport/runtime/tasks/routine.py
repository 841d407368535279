"""Something done again and again while a process runs, whatever becomes of one time."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable

import structlog
from sqlalchemy.exc import SQLAlchemyError

from homeport.runtime.errors import HomeportError
from homeport.runtime.ops import faults
from homeport.runtime.ops.outage import Outage

log = structlog.get_logger(__name__)

#: Seconds for the time that runs when it is closed.
_CLOSE_SECONDS = 5.0
#: A process stood still (a task that blocked it, a machine that slept) when a pause took so many seconds longer.
_STANDSTILL = 10.0
#: What is raised while something is away. Anything else is a fault of ours.
_AWAY = (OSError, SQLAlchemyError, HomeportError)


class Routine:
    """Calls `step`, waits `interval` seconds after it, and so on; any error is a line of its outage, and it goes on."""

    def __init__(
        self, step: Callable[[], Awaitable[object]], *, interval: float, outage: Outage, recovery: float = 0.0
    ) -> None:
        """`recovery`: seconds to wait once more when the process stood still, for others of it to go first."""
        self._step = step
        self._interval = interval
        self._outage = outage
        self._recovery = recovery
        self._loop: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()

    @property
    def closing(self) -> bool:
        """Whether it is to end: a long step looks."""
        return self._closing.is_set()

    def start(self) -> None:
        """Go on in the background until `close`; once, however often it is called."""
        if self._loop is None:
            self._loop = asyncio.create_task(self.run())

    def stop(self) -> None:
        """End after what is being done now."""
        self._closing.set()

    async def close(self) -> None:
        """End it, after the statement that runs: the connection of one cancelled in the middle is lost."""
        self.stop()
        if self._loop is not None:
            _, late = await asyncio.wait([self._loop], timeout=_CLOSE_SECONDS)
            for one in late:
                one.cancel()

    async def run(self) -> None:
        """Go on until it is stopped."""
        while not self.closing:
            try:
                await self._step()
                self._outage.ended()
            except _AWAY as error:
                self._outage.failed(error)
            except Exception as error:  # noqa: BLE001 - the edge: what others are saved by must not die of one error
                if self._outage.failed(error, exc_info=error):
                    faults.report(error)
            late = await self._pause(self._interval)
            if self._recovery and late > _STANDSTILL:
                log.warning("this process stood still; it renews its leases before it goes on", seconds=late)
                await self._pause(self._recovery)

    async def _pause(self, seconds: float) -> float:
        """Wait; answers how many seconds longer that took, by whichever clock saw more of them."""
        began = (time.monotonic(), time.time())
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._closing.wait(), seconds)
        return round(max(time.monotonic() - began[0], time.time() - began[1]) - seconds, 1)
