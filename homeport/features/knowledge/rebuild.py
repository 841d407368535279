"""Embeds all segments of a dataset anew, after it was given another embedding model or its first one."""

from __future__ import annotations

from pydantic import BaseModel
from sqlalchemy import false, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from homeport.features.knowledge.index_points import Piece, embedder_of, put_points, target_of
from homeport.features.knowledge.repository import datasets
from homeport.features.knowledge.room import KnowledgeRoom
from homeport.features.knowledge.tables import Dataset, Document, IndexingTechnique, Segment
from homeport.runtime.tasks.queues import Queue
from homeport.runtime.tasks.task import RunningJob, Task


class RebuildPayload(BaseModel):
    """Which dataset, into which collection; `replaced`: the collection it had before."""

    dataset_id: str
    collection: str
    replaced: str | None = None


async def queue(room: KnowledgeRoom, session: AsyncSession, dataset: Dataset, replaced: str | None) -> None:
    """Have the dataset embedded anew."""
    payload = RebuildPayload(dataset_id=dataset.id, collection=dataset.collection, replaced=replaced)
    await room.jobs.enqueue(session, REBUILD, payload, workspace_id=dataset.workspace_id, subject_id=dataset.id)


async def rebuild_dataset(room: KnowledgeRoom, payload: RebuildPayload, job: RunningJob) -> None:
    """Page by page; a point is replaced, never doubled. Ends early when the dataset was changed again or deleted."""
    if payload.replaced is not None:
        # Its vectors are of another model: nobody can search them any more.
        await room.vectors.drop(payload.replaced)
    after = ""
    while True:
        async with room.database.read() as session:
            dataset = await session.get(Dataset, payload.dataset_id)
            rows = await _page(session, payload.dataset_id, after, room.settings.embedding_batch_size)
        if dataset is None or dataset.collection != payload.collection:
            await room.vectors.drop(payload.collection)
            return
        if not rows or dataset.indexing_technique != IndexingTechnique.HIGH_QUALITY:
            break
        after = rows[-1].id
        await _embed(room, dataset, rows)
    async with room.database.begin() as session:
        await job.complete(session)


async def _embed(room: KnowledgeRoom, dataset: Dataset, rows: list[Segment]) -> None:
    target = target_of(dataset)
    pieces = [Piece(row.id, row.document_id, row.content, row.keywords or []) for row in rows]
    dimension = await put_points(room, target, await embedder_of(room, target), pieces)
    if dimension != dataset.embedding_dimension:
        async with room.database.begin() as session:
            unchanged = Dataset.collection == target.collection
            await datasets.add_counts(session, dataset.id, unchanged, embedding_dimension=dimension)
    async with room.database.read() as session:
        query = select(Segment.id).where(Segment.id.in_([row.id for row in rows]))
        there = set((await session.execute(query)).scalars())
    # What was deleted meanwhile must not come back.
    await room.vectors.delete_by_ids(target.collection, [row.id for row in rows if row.id not in there])


async def _page(session: AsyncSession, dataset_id: str, after: str, limit: int) -> list[Segment]:
    query = (
        select(Segment)
        .join(Document, (Document.id == Segment.document_id) & (Document.edition == Segment.edition))
        .where(Segment.dataset_id == dataset_id, Segment.enabled == true(), Document.unindexed == false())
    )
    if after:
        query = query.where(Segment.id > after)
    return list((await session.execute(query.order_by(Segment.id).limit(limit))).scalars())


REBUILD = Task("knowledge.rebuild_dataset", Queue.DATASET, RebuildPayload, rebuild_dataset)
