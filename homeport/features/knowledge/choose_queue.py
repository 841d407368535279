"""Which queue the indexing of documents waits in: what a person waits for goes before what comes in bulk."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from homeport.runtime.tasks.line import count_waiting
from homeport.runtime.tasks.queues import Queue

#: A request for more documents than these is bulk.
FEW_DOCUMENTS = 5
#: So is whatever a workspace adds while so many of its jobs stand in the line of those that somebody waits for.
LONG_LINE = 20


async def choose_queue(session: AsyncSession, workspace_id: str, documents: int) -> Queue:
    """The queue for a request that has `documents` indexed: `priority_dataset` for a few, `dataset` for bulk.

    A program that adds ten thousand documents one at a time is bulk as well, after the first twenty.
    """
    if documents > FEW_DOCUMENTS:
        return Queue.DATASET
    waiting = await count_waiting(session, Queue.PRIORITY_DATASET, workspace_id, LONG_LINE)
    return Queue.DATASET if waiting >= LONG_LINE else Queue.PRIORITY_DATASET
