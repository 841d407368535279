"""Taking jobs for those in this process who ask for one: one transaction for all who ask while another is under way."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from datetime import timedelta

from homeport.runtime.db.database import Database
from homeport.runtime.tasks import repository
from homeport.runtime.tasks.controls import QueueControl
from homeport.runtime.tasks.line import Claimed, claim, claim_next

_Asking = asyncio.Future[Claimed | None]


class Claims:
    """Of one process. The first who asks claims for all who come until its turn to write; nobody waits for more."""

    def __init__(self, database: Database, worker: str, lease: timedelta) -> None:
        """`worker`: in whose name; `lease`: for how long."""
        self._database = database
        self._worker = worker
        self._lease = lease
        # Without limits a claim is one statement, but on MySQL, which has no RETURNING.
        self._transaction = database.begin if database.kind == "mysql" else database.alone
        self._one_at_a_time: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        #: Those who have asked since somebody began to wait for the turn, by queue.
        self._asking: dict[str, list[_Asking]] = {}

    async def named(self, job_id: str) -> Claimed | None:
        """This job, if it is due and free."""
        async with self._database.begin() as session:
            return await claim(session, job_id, self._worker, self._lease)

    async def next(self, control: QueueControl) -> Claimed | None:
        """The job of the queue whose turn it is; None when there is none to be had."""
        if control.limited:
            async with self._database.begin() as session:
                return next(iter(await claim_next(session, control, self._worker, self._lease)), None)
        group = self._asking.get(control.queue)
        if group is None:
            return await self._claim_for_all(control)
        mine: _Asking = asyncio.get_running_loop().create_future()
        group.append(mine)
        return await mine

    async def _claim_for_all(self, control: QueueControl) -> Claimed | None:
        group: list[_Asking] = []
        self._asking[control.queue] = group
        found: list[Claimed] = []
        try:
            async with self._one_at_a_time[control.queue], self._transaction() as session:
                del self._asking[control.queue]  # whoever comes now begins the next group
                found = await claim_next(session, control, self._worker, self._lease, 1 + len(group))
        except BaseException as error:
            if self._asking.get(control.queue) is group:
                del self._asking[control.queue]
            for one in group:
                if not one.done():
                    _answer(one, error)
            raise
        await self._hand_out(found[1:], group)
        return found[0] if found else None

    async def _hand_out(self, jobs: list[Claimed], group: list[_Asking]) -> None:
        waiting = [one for one in group if not one.done()]
        for one in waiting:
            one.set_result(jobs.pop(0) if jobs else None)
        if jobs:  # somebody has gone meanwhile
            async with self._database.begin() as session:
                for job in jobs:
                    await repository.hand_back(session, job.id, job.attempt, job.queue)


def _answer(one: _Asking, error: BaseException) -> None:
    if isinstance(error, Exception):
        one.set_exception(error)
    else:  # who claimed for us was cancelled; the sweep tells of the job again
        one.set_result(None)
