"""Jobs by what is known of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from homeport.features.operate.errors import JobNotFound
from homeport.features.operate.jobs.explain import explain, look_around
from homeport.runtime.tasks.tables import Job

LARGEST_PAGE = 200


@dataclass(frozen=True, slots=True)
class JobFilter:
    """Every part that is given must hold."""

    queues: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    task: str | None = None
    workspace_id: str | None = None
    subject_id: str | None = None
    #: Created at or after.
    since: datetime | None = None
    #: A part of the error.
    error: str | None = None
    ids: tuple[str, ...] = ()

    def conditions(self) -> list[ColumnElement[bool]]:
        """For a WHERE."""
        found: list[ColumnElement[bool]] = []
        if self.queues:
            found.append(Job.queue.in_(self.queues))
        if self.states:
            found.append(Job.state.in_(self.states))
        if self.task is not None:
            found.append(Job.task == self.task)
        if self.workspace_id is not None:
            found.append(Job.workspace_id == self.workspace_id)
        if self.subject_id is not None:
            found.append(Job.subject_id == self.subject_id)
        if self.since is not None:
            found.append(Job.created_at >= self.since)
        if self.error is not None:
            found.append(Job.last_error.contains(self.error, autoescape=True))
        if self.ids:
            found.append(Job.id.in_(self.ids))
        return found


@dataclass(frozen=True, slots=True)
class JobItem:
    """A job as operators see it; its payload is not shown, for it may hold what users wrote."""

    id: str
    queue: str
    task: str
    state: str
    reason: str
    workspace_id: str | None
    subject_id: str | None
    attempt: int
    max_attempts: int
    done: int
    total: int
    worker: str | None
    last_error: str | None
    created_at: datetime
    run_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


async def list_jobs(
    session: AsyncSession, wanted: JobFilter, *, limit: int = 50, before: str | None = None
) -> tuple[list[JobItem], bool]:
    """The newest that fit, and whether there are more; `before`: the id of the last one of the page before."""
    limit = min(max(limit, 1), LARGEST_PAGE)
    statement = select(Job).where(*wanted.conditions()).order_by(Job.id.desc()).limit(limit + 1)
    if before is not None:
        statement = statement.where(Job.id < before)
    rows = list((await session.execute(statement)).scalars())
    around = await look_around(session)
    return [_item(job, await explain(session, job, around)) for job in rows[:limit]], len(rows) > limit


async def find_job(session: AsyncSession, job_id: str) -> JobItem:
    """One job. Raises `JobNotFound`."""
    job = (await session.execute(select(Job).where(Job.id == job_id))).scalar_one_or_none()
    if job is None:
        raise JobNotFound(f"There is no job {job_id}; finished ones are removed after a while.")
    return _item(job, await explain(session, job, await look_around(session)))


def _item(job: Job, reason: str) -> JobItem:
    values: dict[str, Any] = {
        name: getattr(job, name) for name in JobItem.__dataclass_fields__ if name not in ("reason", "worker")
    }
    return JobItem(reason=reason, worker=job.leased_by, **values)
