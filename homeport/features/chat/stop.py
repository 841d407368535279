"""Stop an answer that is being written: here at once, on another replica through the message's row."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sqlalchemy.exc import DBAPIError

from homeport.features.chat import repository
from homeport.runtime.broadcast.port import Broadcast
from homeport.runtime.db.database import Database
from homeport.runtime.errors import DiskFull, Unavailable
from homeport.runtime.ops.outage import Outage
from homeport.runtime.tasks.routine import Routine

_LOOK_SECONDS = 1.0
_ASKED = "chat.stop"


class Stops:
    """The answers that this process is writing, by task id, with the person who asked."""

    def __init__(self, database: Database, broadcast: Broadcast, *, replicas: bool) -> None:
        """`replicas`: other processes serve the same apps, so their requests to stop must be looked for.

        The row is what counts; a word by `broadcast` only says that it is time to look.
        """
        self._database = database
        self._replicas = replicas
        self._running: dict[str, tuple[str, asyncio.Task[None]]] = {}
        outage = Outage("requests to stop answers are not seen", "requests to stop answers are seen again")
        self._watch = Routine(self._look, interval=_LOOK_SECONDS, outage=outage)
        self._broadcast = broadcast
        broadcast.listen(_ASKED, self._look_for)

    @contextmanager
    def registered(self, task_id: str, person: str) -> Iterator[None]:
        """The current task writes the answer `task_id` for `person` while the block lasts."""
        task = asyncio.current_task()
        assert task is not None
        self._running[task_id] = (person, task)
        if self._replicas:
            self._watch.start()
        try:
            yield
        finally:
            self._running.pop(task_id, None)

    async def stop(self, task_id: str, app_id: str, person: str) -> None:
        """Stop an answer; an unknown one, or one of another person, is let alone without a word."""
        found = self._running.get(task_id)
        if found is not None:
            if found[0] == person:
                found[1].cancel()
        elif self._replicas:
            async with self._database.begin() as session:
                await repository.request_stop(session, task_id, app_id, person)
            await self._broadcast.send(_ASKED, task_id)

    async def close(self) -> None:
        """Stop watching, and every answer."""
        await self.stop_all()
        await self._watch.close()

    async def stop_all(self) -> None:
        """Stop every answer; each is saved as far as it came, and its stream ends properly."""
        tasks = [task for _, task in self._running.values()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=5)

    async def _look_for(self, task_id: str) -> None:
        if task_id in self._running:
            with suppress(OSError, DBAPIError, Unavailable, DiskFull):  # it is looked for within a second anyway
                await self._look()

    async def _look(self) -> None:
        if not self._running:
            return
        async with self._database.read() as session:
            asked = await repository.stop_requested(session, list(self._running))
        for task_id in asked:
            found = self._running.get(task_id)
            if found is not None:
                found[1].cancel()
