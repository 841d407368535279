"""Removes what a deleted app leaves, a page in each transaction; it may be broken off anywhere and begun again."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from datetime import timedelta

import structlog
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from homeport.features.apps.room import AppsRoom
from homeport.features.files.upload import remove_uploads_of_end_users
from homeport.features.identity.end_users import forget_end_users, some_end_users
from homeport.runtime.db.clock import database_now
from homeport.runtime.tasks.queues import Queue
from homeport.runtime.tasks.task import RunningJob, Task

log = structlog.get_logger(__name__)

_AT_ONCE = 200
_BREATH = 0.01
#: A request that found the app before it was deleted has written what it writes by then, the longest upload too.
_LATECOMERS = timedelta(hours=1)


class RemovedApp(BaseModel):
    """An app whose row went. `again`: this is the look for what requests under way wrote after the first one."""

    workspace_id: str
    app_id: str
    again: bool = False


async def queue_removal(room: AppsRoom, session: AsyncSession, workspace_id: str, app_id: str) -> None:
    """Have everything removed that belonged to the app."""
    payload = RemovedApp(workspace_id=workspace_id, app_id=app_id)
    await room.jobs.enqueue(session, REMOVE_APP, payload, workspace_id=workspace_id, subject_id=app_id)


async def remove_app(room: AppsRoom, payload: RemovedApp, job: RunningJob) -> None:
    """What the slices above keep of it, then the files of its end users, then these themselves."""
    removed, total = 0, 0
    async with room.database.read() as session:
        for remains in room.remains:
            total += await remains.count(session, payload.app_id)
    for remains in room.remains:
        async with aclosing(remains.remove(room.database, payload.app_id)) as pages:
            async for count in pages:
                removed += count
                await job.progress(removed, max(removed, total))
    files = await _remove_end_users(room, payload.app_id)
    async with room.database.begin() as session:
        if not payload.again:
            await _queue_second_look(room, session, payload)
        await job.complete(session)
    log.info("what an app left was removed", app_id=payload.app_id, rows=removed, files=files)


async def _remove_end_users(room: AppsRoom, app_id: str) -> int:
    """Their rows go last: without them nobody could tell whose their files are. Answers how many files there were."""
    files = 0
    while ids := await _some_end_users(room, app_id):
        while count := await remove_uploads_of_end_users(room.files, ids, _AT_ONCE):
            files += count
            await asyncio.sleep(_BREATH)
        async with room.database.begin() as session:
            await forget_end_users(session, ids)
    return files


async def _some_end_users(room: AppsRoom, app_id: str) -> Sequence[str]:
    async with room.database.read() as session:
        return await some_end_users(session, app_id, _AT_ONCE)


async def _queue_second_look(room: AppsRoom, session: AsyncSession, payload: RemovedApp) -> None:
    await room.jobs.enqueue(
        session,
        REMOVE_APP,
        payload.model_copy(update={"again": True}),
        workspace_id=payload.workspace_id,
        subject_id=payload.app_id,
        run_at=database_now(session) + _LATECOMERS,
    )


#: Nobody can delete the app once more, so it is tried for half a day: a storage that is away must not leave files.
REMOVE_APP = Task(
    "apps.remove_app",
    Queue.APP_DELETION,
    RemovedApp,
    remove_app,
    max_attempts=20,
    longest_pause=timedelta(hours=1),
)
