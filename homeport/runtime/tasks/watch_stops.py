"""Requests to stop a job that runs here, looked for in its row while no word of other processes comes.

Where Redis carries words between processes, this does nothing but see that it does. In a fleet without Redis, or while
Redis is away, it reads the rows of the jobs that run here twice a second; none when no job runs.
"""

from __future__ import annotations

from homeport.runtime.broadcast.port import Broadcast
from homeport.runtime.db.database import Database
from homeport.runtime.ops.outage import Outage
from homeport.runtime.tasks import repository
from homeport.runtime.tasks.routine import Routine
from homeport.runtime.tasks.run import Runner

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
        outage = Outage("requests to stop jobs are not seen", "requests to stop jobs are seen again")
        self._routine = Routine(self._look_if_deaf, interval=interval, outage=outage)

    def start(self) -> None:
        """Look in the background until `close`."""
        self._routine.start()

    async def close(self) -> None:
        """Look no more."""
        await self._routine.close()

    async def look(self) -> None:
        """Stop those of the jobs that run here of which their rows say so."""
        async with self._database.read() as session:
            asked = await repository.asked_to_stop(session, self._runner.running_ids)
        for job_id in asked:
            await self._runner.stop(job_id)

    async def _look_if_deaf(self) -> None:
        if self._runner.held and not self._broadcast.hears_others:
            await self.look()
