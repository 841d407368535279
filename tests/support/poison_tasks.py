"""A Homeport with a task that does what a test wants, and little patience; started in place of the usual one.

python -c "from tests.support.poison_tasks import main; main()" up
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from pydantic import BaseModel
from sqlalchemy import func, select, update

from homeport.entry.settings import read_settings
from homeport.features.operate import tasks
from homeport.features.operate.room import OperateRoom
from homeport.runtime.config.sources import Sources
from homeport.runtime.db.columns import utc_now
from homeport.runtime.db.database import Database
from homeport.runtime.tasks import lost
from homeport.runtime.tasks.dispatchers.local import LocalDispatcher
from homeport.runtime.tasks.jobs import Jobs
from homeport.runtime.tasks.queues import Queue
from homeport.runtime.tasks.run import Runner
from homeport.runtime.tasks.sweep import Sweep
from homeport.runtime.tasks.tables import BeatEntry, Job, JobState
from homeport.runtime.tasks.task import RunningJob, Task

LEASE_SECONDS = 3
_EFFECT = "effect of "

End = Literal["exit", "kill", "segfault", "none"]


class Dose(BaseModel):
    """How the task ends its process, or that it does its work, and after how many seconds."""

    end: End
    seconds: float = 0.0


async def _take(room: OperateRoom, dose: Dose, job: RunningJob) -> None:
    await asyncio.sleep(dose.seconds)
    match dose.end:
        case "exit":
            os._exit(3)
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "segfault":
            ctypes.string_at(0)
        case "none":
            async with room.database.begin() as session:
                # Its effect: a row that a second time would not be taken.
                session.add(BeatEntry(name=f"{_EFFECT}{job.id}", last_due_at=utc_now()))
                await job.complete(session)


POISON = Task("test.poison", Queue.MAIL, Dose, _take, max_attempts=3)


def main() -> None:
    """As `homeport`, with the task above, a clock that is wrong by CLOCK_AHEAD and leases of TEST_LEASE seconds."""
    _set_clock(timedelta(seconds=float(os.environ.get("CLOCK_AHEAD", "0"))))
    tasks.TASKS = (*tasks.TASKS, POISON)
    lost.MOST = POISON.max_attempts  # ten processes take a while to die
    runner, sweep = Runner.__init__.__kwdefaults__, Sweep.__init__.__kwdefaults__
    assert runner is not None
    assert sweep is not None
    lease = float(os.environ.get("TEST_LEASE", LEASE_SECONDS))
    runner.update(lease=timedelta(seconds=lease), renew_seconds=0.5)
    sweep.update(interval=0.5, grace=timedelta(seconds=1))
    from homeport.entry.cli.main import main as homeport

    homeport()


def _set_clock(ahead: timedelta) -> None:
    wrong: Callable[[], datetime] = lambda: utc_now() + ahead  # noqa: E731
    for module in list(sys.modules.values()):
        if module.__name__.startswith("homeport.") and getattr(module, "utc_now", None) is utc_now:
            module.utc_now = wrong  # type: ignore[attr-defined]


async def queue_doses(database: Database, *doses: Dose) -> list[str]:
    """Jobs for a Homeport that is told of them by its sweep; answers their ids."""
    async with database.begin() as session:
        ids = [await Jobs(LocalDispatcher()).enqueue(session, POISON, dose) for dose in doses]
        await session.execute(update(Job).where(Job.id.in_(ids)).values(hint_at=utc_now()))
    return ids


async def effects(database: Database) -> int:
    """How many jobs have had theirs."""
    async with database.read() as session:
        had = select(func.count()).where(BeatEntry.name.startswith(_EFFECT))
        return int((await session.execute(had)).scalar_one())


async def look_at(database: Database, ids: list[str]) -> list[Job]:
    """Their rows, in this order."""
    async with database.read() as session:
        rows = {row.id: row for row in (await session.execute(select(Job).where(Job.id.in_(ids)))).scalars()}
    return [rows[job_id] for job_id in ids]


def ended(job: Job) -> bool:
    """Whether nothing more will happen to it."""
    return job.state in (JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED)


def database_of(variables: dict[str, str]) -> Database:
    """That of an installation with these settings."""
    settings = read_settings(Sources(variables))
    return Database(settings.database.url(Path(variables["HOMEPORT_DATA_DIR"])), settings.database)
