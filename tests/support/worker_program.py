"""`homeport` with one task more, by which tests see what workers do: it notes, waits, takes memory, as it is told.

Installation(program=PROGRAM)
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from pydantic import BaseModel

from homeport.entry.cli.main import main
from homeport.features.operate import tasks
from homeport.features.operate.room import OperateRoom
from homeport.runtime.tasks.queues import Queue
from homeport.runtime.tasks.run import Runner
from homeport.runtime.tasks.task import RunningJob, Task

PROGRAM = (sys.executable, "-m", "tests.support.worker_program")
SLOW_RENEWAL = "TEST_SLOW_RENEWAL"
_MEGABYTE = 1 << 20
_KEPT: list[bytearray] = []


class Order(BaseModel):
    """What a job is to do."""

    #: Beginnings and ends are noted here, a line each: `began name attempt process`, `ended name attempt process`.
    notes: str
    name: str
    #: The job goes on when this file exists; None: at once.
    gate: str | None = None
    #: Memory to take, and never to give back.
    megabytes: int = 0


async def _do(room: OperateRoom, order: Order, job: RunningJob) -> None:
    _note(order, "began", job)
    if order.megabytes:
        _KEPT.append(bytearray(b"1") * (_MEGABYTE * order.megabytes))
    while order.gate is not None and not os.path.exists(order.gate):  # noqa: ASYNC110, ASYNC240, PTH110 - a file is what the test has
        await asyncio.sleep(0.02)
    async with room.database.begin() as session:
        await job.complete(session)
    _note(order, "ended", job)


def _note(order: Order, what: str, job: RunningJob) -> None:
    with Path(order.notes).open("a", encoding="utf-8") as file:
        file.write(f"{what} {order.name} {job.attempt} {os.getpid()}\n")


TASK = Task("test.do", Queue.DATASET, Order, _do)

if __name__ == "__main__":
    tasks.TASKS = (*tasks.TASKS, TASK)
    if SLOW_RENEWAL in os.environ:  # so that the flag of a cancelled job is not seen when its lease is renewed
        defaults = Runner.__init__.__kwdefaults__
        assert defaults is not None
        defaults["renew_seconds"] = 600.0
    main()
