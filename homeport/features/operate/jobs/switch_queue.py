"""Pause and resume a queue, and set its limits."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from functools import partial

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from homeport.features.operate.errors import QueueUnknown
from homeport.runtime.db.clock import database_now
from homeport.runtime.db.database import after_commit
from homeport.runtime.tasks.controls import change_control
from homeport.runtime.tasks.dispatchers.port import Dispatcher
from homeport.runtime.tasks.jobs import Jobs
from homeport.runtime.tasks.queues import Queue
from homeport.runtime.tasks.tables import Job

#: Hints sent when a queue goes on; each end brings the next, and the sweep tells of the rest.
_HINTS = 200


def known_queue(name: str) -> Queue:
    """The queue of that name. Raises `QueueUnknown`, with what may have been meant."""
    if name in set(Queue):
        return Queue(name)
    close = difflib.get_close_matches(name, list(Queue), n=1)
    meant = f" Did you mean {close[0]}?" if close else ""
    raise QueueUnknown(f"There is no queue {name!r}; accepted are {', '.join(Queue)}.{meant}")


async def pause(session: AsyncSession, queue: str, by: str) -> None:
    """Let nobody take a job of it; those that run go on."""
    await change_control(session, known_queue(queue), paused_at=database_now(session), paused_by=by)


async def resume(session: AsyncSession, dispatcher: Dispatcher, queue: str) -> None:
    """Go on."""
    await change_control(session, known_queue(queue), paused_at=None, paused_by=None)
    await _wake(session, dispatcher, queue)


async def set_limits(
    session: AsyncSession, dispatcher: Dispatcher, jobs: Jobs, queue: str, limits: Mapping[str, int | None]
) -> None:
    """Set `at_once`, `per_workspace` or `per_minute`; None takes a limit away. What is not named stays."""
    changed = dict(limits) | ({"next_at": None} if "per_minute" in limits else {})
    await change_control(session, known_queue(queue), **changed)
    jobs.tell_limits(session, queue)
    await _wake(session, dispatcher, queue)


async def _wake(session: AsyncSession, dispatcher: Dispatcher, queue: str) -> None:
    waiting = (Job.queue == queue, Job.turn.is_not(None))
    first = (await session.execute(select(Job.id).where(*waiting).order_by(Job.turn).limit(_HINTS))).scalars().all()
    # The others' hints were refused meanwhile: let the sweep tell of them soon instead of after minutes.
    await session.execute(update(Job).where(*waiting).values(hint_at=database_now(session)))
    for job_id in first:
        after_commit(session, partial(dispatcher.send, queue, job_id))
