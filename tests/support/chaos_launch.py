"""`homeport` with bad luck: hints get lost and come twice, indexing takes its time, the clock has an entry of its own.

Started by `python -m tests.support.chaos_launch <seed> <seconds of a lease> <the arguments of homeport>`.
"""

from __future__ import annotations

import asyncio
import faulthandler
import signal
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

from pydantic import BaseModel

from homeport.entry import timetable
from homeport.entry.cli.main import main as start
from homeport.entry.settings import Settings
from homeport.features.knowledge import ingest
from homeport.features.operate import tasks as operate_tasks
from homeport.features.operate.room import OperateRoom
from homeport.runtime.tasks import repository
from homeport.runtime.tasks.dispatchers.celery import CeleryDispatcher
from homeport.runtime.tasks.dispatchers.local import LocalDispatcher
from homeport.runtime.tasks.queues import Queue
from homeport.runtime.tasks.run import Runner
from homeport.runtime.tasks.sweep import Sweep
from homeport.runtime.tasks.task import RunningJob, Task
from homeport.runtime.tasks.timetable import Entry, Every, Timetable

#: Of all hints.
DROPPED = 0.3
DOUBLED = 0.3
#: Seconds after which the second one comes, at most.
_LATEST = 3.0
#: Seconds of waiting before and after a document's points are stored, at most.
_SLOWNESS = 1.0
_RENEWALS = 5

#: Upon this signal a process writes where its threads stand. Celery, gunicorn and uvicorn have the usual ones.
SHOW_STACKS = signal.SIGRTMIN

TICK_ENTRY = "chaos_tick"
TICK_PERIOD = timedelta(seconds=5)


class DueTime(BaseModel):
    """For which due time the job was written."""

    due: datetime | None = None


async def _tick(room: OperateRoom, _payload: DueTime, job: RunningJob) -> None:
    async with room.database.begin() as session:
        await job.complete(session)


TICK: Task[OperateRoom, DueTime] = Task("chaos.tick", Queue.RETENTION, DueTime, _tick)


def lose_and_double(kind: Any, luck: Random) -> None:
    """Let a dispatcher lose some hints, and send some again a little later."""
    send: Callable[[Any, str, str], Awaitable[None]] = kind.send
    late: set[asyncio.Task[None]] = set()

    async def again(dispatcher: Any, queue: str, job_id: str, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await send(dispatcher, queue, job_id)

    async def unlucky(dispatcher: Any, queue: str, job_id: str) -> None:
        chance, seconds = luck.random(), luck.uniform(0, _LATEST)
        if chance < DROPPED:
            return
        await send(dispatcher, queue, job_id)
        if chance > 1 - DOUBLED:
            second = asyncio.create_task(again(dispatcher, queue, job_id, seconds))
            late.add(second)
            second.add_done_callback(late.discard)

    kind.send = unlucky


def slow_down(luck: Random) -> None:
    """Give a kill time to come between any two steps of indexing."""
    module: Any = ingest
    put_points: Callable[..., Awaitable[int | None]] = module.put_points

    async def slowly(*arguments: Any) -> int | None:
        await asyncio.sleep(luck.uniform(0, _SLOWNESS))
        dimension = await put_points(*arguments)
        await asyncio.sleep(luck.uniform(0, _SLOWNESS))
        return dimension

    module.put_points = slowly


def shorten_leases(seconds: float) -> None:
    """A lost worker is found out after `seconds`, a lost hint in the same proportion."""
    defaults: Any = Runner.__init__.__kwdefaults__
    share = timedelta(seconds=seconds) / defaults["lease"]
    defaults.update(lease=timedelta(seconds=seconds), renew_seconds=seconds / _RENEWALS)
    module: Any = repository
    module.GRACE *= share
    module._SHORTEST_LIMIT *= share
    sweeping: Any = Sweep.__init__.__kwdefaults__
    sweeping.update(grace=module.GRACE)


def add_tick() -> None:
    """An entry of the timetable that is due every few seconds; each job says for which due time it was written."""
    entries = timetable.entries

    def with_tick(settings: Settings) -> tuple[Entry, ...]:
        return (*entries(settings), Entry(TICK_ENTRY, TICK, DueTime(), Every(TICK_PERIOD)))

    timetable.entries = with_tick
    kind: Any = Timetable
    deal_with: Callable[..., Awaitable[bool]] = kind._deal_with

    async def saying_when(keeper: Timetable, entry: Entry, due: datetime, now: datetime) -> bool:
        said = replace(entry, payload=DueTime(due=due)) if entry.name == TICK_ENTRY else entry
        return await deal_with(keeper, said, due, now)

    kind._deal_with = saying_when
    operate_tasks.TASKS = (*operate_tasks.TASKS, TICK)


def main() -> None:
    """Arrange for the bad luck, and start."""
    faulthandler.register(SHOW_STACKS)
    seed, lease = sys.argv[1], float(sys.argv[2])
    sys.argv = ["homeport", *sys.argv[3:]]
    for kind in (CeleryDispatcher, LocalDispatcher):
        lose_and_double(kind, Random(f"{seed} {kind.__name__}"))
    slow_down(Random(f"{seed} indexing"))
    shorten_leases(lease)
    add_tick()
    start()


if __name__ == "__main__":
    main()
