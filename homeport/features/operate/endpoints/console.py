"""Background jobs in the console: for those who answer for the whole installation."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated
from uuid import UUID

import structlog
from fastapi import APIRouter, Depends, Query
from sqlalchemy.ext.asyncio import AsyncSession

from homeport.features.identity.access import Member, Operating
from homeport.features.operate.errors import FilterTooWide, JobNotFound
from homeport.features.operate.jobs import change_jobs, switch_queue
from homeport.features.operate.jobs.find_jobs import JobFilter, find_job, list_jobs
from homeport.features.operate.jobs.summarize import summarize
from homeport.features.operate.room import OperateRoom
from homeport.features.operate.schemas import (
    Cancel,
    Changed,
    JobEntries,
    JobEntry,
    JobQuery,
    Limits,
    Overview,
    Replay,
    Replayed,
    Retry,
)
from homeport.runtime.errors import InvalidInput
from homeport.runtime.http.pages import Done
from homeport.runtime.http.provided import provided
from homeport.runtime.http.work import Reading, Work
from homeport.runtime.tasks.tables import JobState

log = structlog.get_logger(__name__)

router = APIRouter(prefix="/operate", tags=["operate"])

Provided = Annotated[OperateRoom, Depends(provided(OperateRoom))]


@router.get("/jobs", summary="List background jobs")
async def get_jobs(_member: Operating, session: Reading, query: Annotated[JobQuery, Query()]) -> JobEntries:
    """Of all workspaces, the newest first; each with the reason why it stands where it stands."""
    before = None if query.before is None else str(query.before)
    items, more = await list_jobs(session, query.as_filter(), limit=query.limit, before=before)
    return JobEntries(data=[JobEntry.model_validate(item) for item in items], has_more=more)


@router.get("/jobs/{job_id}", summary="Show a background job")
async def get_job(_member: Operating, session: Reading, job_id: UUID) -> JobEntry:
    """Everything known of it but its payload."""
    return JobEntry.model_validate(await find_job(session, str(job_id)))


@router.post("/jobs/retry", summary="Do jobs again at once")
async def post_retry(member: Operating, room: Provided, session: Work, body: Retry) -> Changed:
    """Failed and cancelled ones, and those that wait for another attempt; others stay as they are."""
    wanted = JobFilter(ids=await _known(session, body.ids))
    return _changed(member, "retried", (await change_jobs.replay(session, room.dispatcher, wanted)).count)


@router.post("/jobs/replay", summary="Do failed jobs again that fit a filter")
async def post_replay(member: Operating, room: Provided, session: Work, body: Replay) -> Replayed:
    """The oldest first, each with all its attempts. Without a state: the failed ones.

    With `has_more`, call it again with `last` as `after`: what has failed again meanwhile is then left alone.
    """
    wanted = body.filter.as_filter()
    wanted = replace(wanted, states=wanted.states or (JobState.FAILED,))
    after = None if body.after is None else str(body.after)
    done = await change_jobs.replay(session, room.dispatcher, wanted, after=after)
    changed = _changed(member, "replayed", done.count)
    return Replayed(changed=changed.changed, has_more=changed.has_more, last=done.last)


@router.post("/jobs/cancel", summary="Cancel jobs that wait or run")
async def post_cancel(member: Operating, room: Provided, session: Work, body: Cancel) -> Changed:
    """Waiting ones at once, running ones at their next pause. A filter must say more than the state."""
    wanted = body.filter.as_filter()
    if not body.ids and not replace(wanted, states=()).conditions():
        raise FilterTooWide("This would cancel every job; name ids, or a queue, a task, a workspace or the like.")
    if body.ids:
        wanted = replace(wanted, ids=await _known(session, body.ids))
    return _changed(member, "cancelled", await change_jobs.cancel(session, room.jobs, wanted))


@router.get("/queues", summary="Queues and workers at one glance")
async def get_queues(_member: Operating, room: Provided, session: Reading) -> Overview:
    """As of now; what ended in the last hour may be five seconds old."""
    return Overview.model_validate(await summarize(session, room.recent))


@router.post("/queues/{queue}/pause", summary="Pause a queue")
async def post_pause(member: Operating, session: Work, queue: str) -> Done:
    """No worker takes a job of it; those that run go on."""
    await switch_queue.pause(session, queue, member.name[:255])
    log.info("a queue was paused", queue=queue, account_id=member.account_id)
    return Done()


@router.post("/queues/{queue}/resume", summary="Resume a queue")
async def post_resume(member: Operating, room: Provided, session: Work, queue: str) -> Done:
    """Let a paused queue go on."""
    await switch_queue.resume(session, room.dispatcher, queue)
    log.info("a queue was resumed", queue=queue, account_id=member.account_id)
    return Done()


@router.post("/queues/{queue}/limits", summary="Set limits of a queue")
async def post_limits(member: Operating, room: Provided, session: Work, queue: str, body: Limits) -> Done:
    """How many of its jobs run at once, for one workspace, or begin within a minute."""
    limits = body.model_dump(exclude_unset=True)
    if not limits:
        raise InvalidInput("No limit is named; accepted are at_once, per_workspace and per_minute.")
    await switch_queue.set_limits(session, room.dispatcher, room.jobs, queue, limits)
    log.info("limits of a queue were set", queue=queue, limits=limits, account_id=member.account_id)
    return Done()


async def _known(session: AsyncSession, ids: list[UUID]) -> tuple[str, ...]:
    """The ids as text. Raises `JobNotFound` when there is none of these jobs."""
    known = tuple(str(one) for one in ids)
    if not await change_jobs.count_jobs(session, JobFilter(ids=known)):
        raise JobNotFound(f"There is no job {known[0]}; finished ones are removed after a while.")
    return known


def _changed(member: Member, what: str, count: int) -> Changed:
    log.info("jobs were changed", how=what, count=count, account_id=member.account_id)
    return Changed(changed=count, has_more=count == change_jobs.BATCH)
