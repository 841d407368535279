"""A process that does jobs says so: which queues it reads, what it does now, how large it is."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

from sqlalchemy import CursorResult, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from homeport.runtime.db.clock import database_now
from homeport.runtime.db.database import Database
from homeport.runtime.ops.outage import Outage
from homeport.runtime.tasks.routine import Routine
from homeport.runtime.tasks.run import Runner
from homeport.runtime.tasks.tables import Worker

_SAY_SECONDS = 10.0
#: A worker that has said nothing for so long is taken for dead.
SILENCE = timedelta(seconds=35)
#: Its row is kept a while, for those who ask what became of it.
_REMEMBERED = timedelta(hours=1)


class Presence:
    """The row of one process, written anew every ten seconds and removed at its end."""

    def __init__(
        self,
        database: Database,
        runner: Runner,
        *,
        kind: str,
        version: str,
        queues: Sequence[str],
        hears: Callable[[], Awaitable[bool]] | None = None,
    ) -> None:
        """`kind`: up, api or worker; `hears`: whether hints reach it now: while they do not, it reads no queue."""
        self._database = database
        self._runner = runner
        self._about = {"kind": kind, "version": version}
        self._queues = [str(queue) for queue in queues]
        self._hears = hears
        self._started_at: datetime | None = None
        outage = Outage("the worker could not say that it lives", "the worker says again that it lives")
        self._routine = Routine(self.say, interval=_SAY_SECONDS, outage=outage)

    def start(self) -> None:
        """Say it in the background until `close`."""
        self._routine.start()

    async def close(self) -> None:
        """Remove the row; the process leaves properly."""
        await self._routine.close()
        with contextlib.suppress(Exception):  # the database may be gone, and then somebody else removes it
            async with self._database.begin() as session:
                await session.execute(delete(Worker).where(Worker.name == self._runner.worker))

    async def say(self) -> None:
        """Write the row."""
        queues = self._queues if self._hears is None or await self._hears() else []
        values: dict[str, Any] = {"queues": queues, "running": self._runner.held, "memory": resident_bytes()}
        async with self._database.begin() as session:
            values["seen_at"] = now = database_now(session)
            self._started_at = self._started_at or now
            known = update(Worker).where(Worker.name == self._runner.worker).values(**values)
            if not cast("CursorResult[Any]", await session.execute(known)).rowcount:
                session.add(Worker(name=self._runner.worker, started_at=self._started_at, **self._about, **values))
                await session.execute(delete(Worker).where(Worker.seen_at < now - _REMEMBERED))


async def list_workers(session: AsyncSession) -> list[Worker]:
    """All that have said something within the last hour, the newest sign of life first."""
    return list((await session.execute(select(Worker).order_by(Worker.seen_at.desc()))).scalars())


async def forget_workers(session: AsyncSession) -> None:
    """Remove all rows: for the only process, when it starts. Whoever wrote them has been killed."""
    await session.execute(delete(Worker))


def is_alive(worker: Worker, now: datetime) -> bool:
    """Whether its last sign of life is recent."""
    return now - worker.seen_at < SILENCE


def resident_bytes() -> int | None:
    """Memory of this process that is in use now; None where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):  # not Linux
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")
