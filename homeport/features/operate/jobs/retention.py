"""Ended jobs are removed after a while, in small steps."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

import structlog
from sqlalchemy import CursorResult, delete, or_, select

from homeport.features.operate.room import OperateRoom
from homeport.runtime.tasks.queues import Queue
from homeport.runtime.tasks.tables import Job, JobState
from homeport.runtime.tasks.task import NoPayload, RunningJob, Task

log = structlog.get_logger(__name__)

_BATCH = 1000


async def _remove(room: OperateRoom, _payload: NoPayload, _job: RunningJob) -> None:
    removed = 0
    while count := await remove_batch(room):
        removed += count
    if removed:
        log.info("ended jobs were removed", count=removed)


async def remove_batch(room: OperateRoom) -> int:
    """Remove up to a thousand that have ended long enough ago; answers how many."""
    now = room.database.clock.now()
    failed = now - timedelta(days=room.settings.failed_jobs_retention_days)
    others = now - timedelta(days=room.settings.jobs_retention_days)
    ended = (
        Job.finished_at < max(failed, others),
        or_(
            (Job.state == JobState.FAILED) & (Job.finished_at < failed),
            Job.state.in_((JobState.SUCCEEDED, JobState.CANCELLED)) & (Job.finished_at < others),
        ),
    )
    async with room.database.begin() as session:
        ids = (await session.execute(select(Job.id).where(*ended).limit(_BATCH))).scalars().all()
        if not ids:
            return 0
        return cast("CursorResult[Any]", await session.execute(delete(Job).where(Job.id.in_(ids)))).rowcount


REMOVE_ENDED = Task("operate.remove_ended_jobs", Queue.RETENTION, NoPayload, _remove)
