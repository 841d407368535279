"""How many jobs wait and run, by queue: one statement over the unfinished rows, which an index keeps together."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import and_, case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from homeport.runtime.db.clock import database_now
from homeport.runtime.tasks.tables import Job, JobState


@dataclass(frozen=True, slots=True)
class QueueFigures:
    """The unfinished jobs of one queue."""

    #: Due, taken by nobody.
    waiting: int = 0
    #: For later.
    scheduled: int = 0
    #: With a worker whose lease is valid.
    running: int = 0
    #: With a worker whose lease has run out.
    abandoned: int = 0
    #: Seconds since the oldest waiting one became due.
    oldest_seconds: float = 0.0


async def count_unfinished(session: AsyncSession) -> dict[str, QueueFigures]:
    """The figures of every queue that has an unfinished job."""
    now = database_now(session)
    queued, running = Job.state == JobState.QUEUED, Job.state == JobState.RUNNING
    due = and_(queued, Job.run_at <= now)
    held = and_(running, Job.lease_until >= now)
    statement = (
        select(
            Job.queue,
            func.count(case((due, 1))).label("waiting"),
            func.count(case((queued, 1))).label("queued"),
            func.count(case((held, 1))).label("held"),
            func.count(case((running, 1))).label("running"),
            func.min(case((due, Job.run_at))).label("oldest"),
        )
        .where(Job.state.in_((JobState.QUEUED, JobState.RUNNING)))
        .group_by(Job.queue)
    )
    return {
        row.queue: QueueFigures(
            waiting=row.waiting,
            scheduled=row.queued - row.waiting,
            running=row.held,
            abandoned=row.running - row.held,
            oldest_seconds=(now - row.oldest).total_seconds() if row.oldest else 0.0,
        )
        for row in await session.execute(statement)
    }


async def count_busy_workers(session: AsyncSession) -> int:
    """Processes that hold a valid lease."""
    held = (Job.state == JobState.RUNNING, Job.lease_until >= database_now(session))
    return (await session.execute(select(func.count(Job.leased_by.distinct())).where(*held))).scalar_one()
