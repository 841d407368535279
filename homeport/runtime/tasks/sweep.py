"""Tell the broker again what it may have forgotten: due jobs nobody took, and jobs whose worker died."""

from __future__ import annotations

from datetime import timedelta

from homeport.runtime.db.database import Database
from homeport.runtime.ops.outage import Outage
from homeport.runtime.tasks import repository
from homeport.runtime.tasks.dispatchers.port import Dispatcher
from homeport.runtime.tasks.routine import Routine

_BATCH = 500
#: Seconds for which the clock of the database is taken to go on as this process' own.
_CLOCK_SECONDS = 10.0
#: Seconds for a process that stood still to renew its own leases: until then it would take its own jobs for lost.
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
        self._grace = grace
        outage = Outage("sweep postponed", "the sweep goes on")
        self._routine = Routine(self._catch_up, interval=interval, outage=outage, recovery=_RECOVERY)

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

    def start(self) -> None:
        """Sweep in the background until `close`."""
        self._routine.start()

    async def close(self) -> None:
        """Stop sweeping."""
        await self._routine.close()

    async def _catch_up(self) -> None:
        while await self.once() == _BATCH and not self._routine.closing:
            pass
