"""Retry, replay and cancel: one job or many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from homeport.features.operate.jobs.find_jobs import JobFilter
from homeport.runtime.db.clock import database_now
from homeport.runtime.db.database import after_commit
from homeport.runtime.tasks.dispatchers.port import Dispatcher
from homeport.runtime.tasks.jobs import Jobs
from homeport.runtime.tasks.line import join_line
from homeport.runtime.tasks.tables import Job, JobState

#: How many jobs one call changes at most.
BATCH = 500
_ENDED_BADLY = (JobState.FAILED, JobState.CANCELLED)
_UNFINISHED = (JobState.QUEUED, JobState.RUNNING)


async def count_jobs(session: AsyncSession, wanted: JobFilter) -> int:
    """How many fit."""
    return int((await session.execute(select(func.count()).select_from(Job).where(*wanted.conditions()))).scalar_one())


@dataclass(frozen=True, slots=True)
class Replayed:
    """What one call of `replay` did."""

    count: int
    #: The id of the last of them: where the next call goes on.
    last: str | None = None


async def replay(
    session: AsyncSession, dispatcher: Dispatcher, wanted: JobFilter, *, after: str | None = None
) -> Replayed:
    """Queue failed and cancelled jobs anew, with all their attempts; also waiting ones at once, without their pause.

    At most 500 of those that fit, the oldest first, and of those only what lies `after` a job: give it the last one of
    the call before, until none is left. So none is replayed twice, though it fail again meanwhile.
    """
    now = database_now(session)
    ended = Job.state.in_(_ENDED_BADLY)
    paused = (Job.state == JobState.QUEUED) & Job.turn.is_(None)
    found = select(Job.id, Job.queue, Job.workspace_id).where(*wanted.conditions(), ended | paused)
    if after is not None:
        found = found.where(Job.id > after)
    rows = (await session.execute(found.order_by(Job.id).limit(BATCH).with_for_update(skip_locked=True))).all()
    turns = await join_line(session, rows)
    if rows:
        await session.execute(
            update(Job),
            [
                {
                    "id": row.id,
                    "state": JobState.QUEUED,
                    "turn": turns[row.id],
                    "attempt": 0,
                    "cancel_requested": False,
                    "run_at": now,
                    "hint_at": now,  # a command has no dispatcher that reaches a process which does its own jobs
                    "finished_at": None,
                }
                for row in rows
            ],
        )
    for row in rows:
        after_commit(session, partial(dispatcher.send, row.queue, row.id))
    return Replayed(len(rows), rows[-1].id if rows else None)


async def cancel(session: AsyncSession, jobs: Jobs, wanted: JobFilter) -> int:
    """Cancel unfinished jobs: waiting ones at once, running ones at their next await; answers how many.

    At most 500 of those that fit. Call it again until it answers 0.
    """
    found = select(Job.id).where(*wanted.conditions(), Job.state.in_(_UNFINISHED), Job.cancel_requested.is_(False))
    ids: Sequence[str] = (await session.execute(found.order_by(Job.id).limit(BATCH))).scalars().all()
    if ids:
        await jobs.cancel_these(session, ids)
    return len(ids)
