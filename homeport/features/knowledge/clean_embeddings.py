"""Forgets vectors that have been of no use for long."""

from __future__ import annotations

from datetime import timedelta

import structlog

from homeport.features.knowledge.repository import embeddings
from homeport.features.knowledge.room import KnowledgeRoom
from homeport.runtime.db.columns import utc_now
from homeport.runtime.tasks.queues import Queue
from homeport.runtime.tasks.task import NoPayload, RunningJob, Task

log = structlog.get_logger(__name__)

_AT_ONCE = 1000


async def clean_embedding_cache(room: KnowledgeRoom, _payload: NoPayload, _job: RunningJob) -> None:
    """A thousand in a transaction, until none is left."""
    before = utc_now() - timedelta(days=room.settings.plan_sandbox_clean_day_setting)
    removed, count = 0, _AT_ONCE
    while count == _AT_ONCE:
        async with room.database.begin() as session:
            count = await embeddings.remove_unused(session, before, _AT_ONCE)
        removed += count
    if removed:
        log.info("vectors that were of no use any more were removed", count=removed)


CLEAN_EMBEDDINGS = Task("knowledge.clean_embedding_cache", Queue.DATASET, NoPayload, clean_embedding_cache)
