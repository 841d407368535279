"""The limits of queues as a process sees them, and the hints that make up for those which came too early."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Mapping
from dataclasses import replace

import structlog

from homeport.runtime.db.database import Database
from homeport.runtime.tasks.controls import QueueControl, read_controls
from homeport.runtime.tasks.dispatchers.port import Dispatcher

log = structlog.get_logger(__name__)

#: Seconds for which limits are remembered, unless a word comes that they were changed. Whether a queue is paused is
#: looked at with every claim.
_FRESH_SECONDS = 2.0


class Limits:
    """Of one process. A hint that a limit refused is sent again: when a job ends, or when the rate allows the next."""

    def __init__(
        self, database: Database, dispatcher: Dispatcher | None, per_workspace: Mapping[str, int] | None = None
    ) -> None:
        """`per_workspace`: the limit by queue where an operator has set none. Reads nothing yet."""
        self._database = database
        self._dispatcher = dispatcher
        self._per_workspace = per_workspace or {}
        self._controls: dict[str, QueueControl] = {}
        self._read_at = float("-inf")
        self._changes = 0
        self._reading = asyncio.Lock()
        self._later: dict[str, asyncio.Task[None]] = {}

    async def of(self, queue: str) -> QueueControl:
        """What is set for the queue, at most two seconds ago."""
        if time.monotonic() - self._read_at > _FRESH_SECONDS:
            async with self._reading:
                if time.monotonic() - self._read_at > _FRESH_SECONDS:
                    changes = self._changes
                    async with self._database.read() as session:
                        self._controls = await read_controls(session)
                    if changes == self._changes:  # else this was read before, or in the middle of, the change
                        self._read_at = time.monotonic()
        control = self._controls.get(queue) or QueueControl(queue)
        usual = self._per_workspace.get(queue)
        if usual is None or control.per_workspace is not None:
            return control
        return replace(control, per_workspace=usual)

    def forget(self, queue: str) -> None:
        """Read them anew when they are asked for next; those of `queue` were changed."""
        log.debug("limits of a queue were changed", queue=queue)
        self._changes += 1
        self._read_at = float("-inf")

    async def ended(self, control: QueueControl, job_id: str) -> None:
        """A job of the queue has ended: there is room for the next."""
        if control.limited and self._dispatcher is not None:
            await self._dispatcher.send(control.queue, job_id)

    async def refused(self, control: QueueControl, job_id: str) -> None:
        """Nothing could be claimed. Where only the rate stands in the way, come again when it allows."""
        if control.per_minute is None or self._dispatcher is None or control.queue in self._later:
            return
        waiting = asyncio.create_task(self._tell_later(self._dispatcher, control, job_id))
        self._later[control.queue] = waiting

    async def close(self) -> None:
        """Tell nobody any more."""
        for waiting in list(self._later.values()):
            waiting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await waiting

    async def _tell_later(self, dispatcher: Dispatcher, control: QueueControl, job_id: str) -> None:
        try:
            async with self._database.read() as session:
                now_set = (await read_controls(session)).get(control.queue)
            if now_set is not None and now_set.next_at is not None:
                await asyncio.sleep(max((now_set.next_at - self._database.clock.now()).total_seconds(), 0.0))
        finally:
            self._later.pop(control.queue, None)
        await dispatcher.send(control.queue, job_id)
