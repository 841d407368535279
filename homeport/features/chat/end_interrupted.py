"""End answers whose process died: nobody writes them any more."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from homeport.features.chat import repository
from homeport.features.chat.export_trace import EXPORT_TRACE, ExportTrace
from homeport.runtime.tasks.jobs import Jobs, Order


async def end_interrupted(session: AsyncSession, jobs: Jobs, *, before: datetime) -> None:
    """Mark those that began before a moment as failed, and let the ones of traced apps be handed over."""
    traced = await repository.list_interrupted(session, before)
    await repository.end_interrupted(session, before)
    await jobs.enqueue_all(
        session,
        EXPORT_TRACE,
        [
            Order(ExportTrace(message_id=message_id), workspace_id, app_id)
            for workspace_id, app_id, message_id in traced
        ],
    )
