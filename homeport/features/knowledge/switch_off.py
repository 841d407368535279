"""Switches off knowledge bases that nobody uses: their documents are disabled, and what the index holds of them goes.

The segments stay. A document that is enabled again is indexed again from them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from homeport.features.knowledge.add_documents import queue
from homeport.features.knowledge.repository import datasets, unused
from homeport.features.knowledge.room import KnowledgeRoom
from homeport.features.knowledge.tables import Document, IndexingStatus
from homeport.runtime.db.columns import utc_now
from homeport.runtime.tasks.queues import Queue
from homeport.runtime.tasks.task import NoPayload, RunningJob, Task

log = structlog.get_logger(__name__)

_AT_ONCE = 100


class DroppedCollection(BaseModel):
    """What no dataset uses any more."""

    collection: str


async def clean_unused_datasets(room: KnowledgeRoom, _payload: NoPayload, _job: RunningJob) -> None:
    """Those that were neither searched nor changed for the days, and that no app uses; each in a transaction."""
    before = utc_now() - timedelta(days=room.settings.plan_sandbox_clean_day_setting)
    after = ""
    while True:
        async with room.database.read() as session:
            found = await unused.find_unused(session, before, after, _AT_ONCE)
            used = await room.usages.count(session, [dataset_id for dataset_id, _ in found]) if found else {}
        if not found:
            return
        after = found[-1][0]
        for dataset_id, workspace_id in found:
            if not used.get(dataset_id):
                await _switch_off(room, workspace_id, dataset_id, before)


async def _switch_off(room: KnowledgeRoom, workspace_id: str, dataset_id: str, before: datetime) -> None:
    async with room.database.begin() as session:
        count = await unused.switch_off_documents(session, workspace_id, dataset_id, before)
        old = None if count is None else await unused.switch_off_dataset(session, dataset_id, before, count)
        if old is None:  # somebody has come back to it meanwhile
            await session.rollback()
            return
        payload = DroppedCollection(collection=old)
        await room.jobs.enqueue(session, DROP_COLLECTION, payload, workspace_id=workspace_id, subject_id=dataset_id)
    log.info("a knowledge base that nobody uses was switched off", dataset_id=dataset_id, documents=count)


async def drop_collection(room: KnowledgeRoom, payload: DroppedCollection, job: RunningJob) -> None:
    """Remove all its points."""
    await room.vectors.drop(payload.collection)
    async with room.database.begin() as session:
        await job.complete(session)


async def index_again(room: KnowledgeRoom, session: AsyncSession, documents: Sequence[Document]) -> None:
    """Have documents of one dataset indexed whose points were dropped; until that is done they are not found."""
    for document in documents:
        document.unindexed = False
        document.run += 1
        document.indexing_status = IndexingStatus.WAITING
        document.completed_segments = 0
    await session.flush()
    await unused.index_again(session, [document.id for document in documents])
    dataset = await datasets.get_dataset(session, documents[0].workspace_id, documents[0].dataset_id)
    await queue(room, session, documents, dataset.collection)


CLEAN_UNUSED = Task("knowledge.clean_unused_datasets", Queue.DATASET, NoPayload, clean_unused_datasets)
DROP_COLLECTION = Task("knowledge.drop_collection", Queue.DATASET, DroppedCollection, drop_collection)
