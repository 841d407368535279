"""Removes what deleted or replaced documents leave in the index and the storage, by jobs that survive a crash."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import BaseModel, Field
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from homeport.features.files.upload import find_uploads, remove_uploads
from homeport.features.knowledge.repository import indexing, segments, unused
from homeport.features.knowledge.room import KnowledgeRoom
from homeport.features.knowledge.tables import Dataset, Document, ProcessRule, Segment
from homeport.runtime.tasks.queues import Queue
from homeport.runtime.tasks.task import RunningJob, Task

_AT_ONCE = 200


class RemovedDocument(BaseModel):
    """What a document left when its rows went."""

    workspace_id: str
    collection: str
    document_id: str
    upload_file_ids: list[str] = Field(default_factory=list)


class RetiredSegments(BaseModel):
    """A document whose segments were replaced by a newer edition."""

    document_id: str
    collection: str


class ReplacedUploads(BaseModel):
    """Files that documents do not use any more."""

    workspace_id: str
    upload_file_ids: list[str]


class RemovedDataset(BaseModel):
    """A dataset whose row went."""

    workspace_id: str
    dataset_id: str
    collection: str


@dataclass(frozen=True, slots=True)
class UnwantedEdition:
    """What an indexing that was stopped may have put into the index."""

    document_id: str
    #: 0: unknown.
    edition: int
    point_ids: list[str]


async def after_unwanted(room: KnowledgeRoom, dataset_id: str, collection: str, unwanted: UnwantedEdition) -> None:
    """Called by an indexing that was stopped: what it put into the index must not outlive its document or edition."""
    async with room.database.read() as session:
        found = select(Document.edition, Document.wanted_edition).where(Document.id == unwanted.document_id)
        document = (await session.execute(found)).one_or_none()
        dataset = (
            await session.execute(select(Dataset.id).where(Dataset.id == dataset_id, Dataset.collection == collection))
        ).first()
    if dataset is None:
        await room.vectors.drop(collection)
    elif document is None:
        await room.vectors.delete_by_document_id(collection, unwanted.document_id)
    # An edition that is wanted again, after a pause, has the same points; an earlier one never comes back.
    elif unwanted.edition and unwanted.edition not in (document.edition, document.wanted_edition):
        await room.vectors.delete_by_ids(collection, unwanted.point_ids)


async def retire(
    room: KnowledgeRoom, session: AsyncSession, workspace_id: str, document_id: str, collection: str
) -> None:
    """Have the replaced editions of a document removed."""
    payload = RetiredSegments(document_id=document_id, collection=collection)
    await room.jobs.enqueue(session, RETIRE, payload, workspace_id=workspace_id, subject_id=document_id)


async def remove_retired(room: KnowledgeRoom, payload: RetiredSegments, job: RunningJob) -> None:
    """Points first, then rows: a row stands for a point that may still be there."""
    while True:
        async with room.database.read() as session:
            ids = await indexing.retired_segments(session, payload.document_id, _AT_ONCE)
        await room.vectors.delete_by_ids(payload.collection, ids)
        async with room.database.begin() as session:
            if not ids:
                await job.complete(session)
                return
            await session.execute(delete(Segment).where(Segment.id.in_(ids)))


async def remove_document(room: KnowledgeRoom, payload: RemovedDocument, job: RunningJob) -> None:
    """The points and files of a document whose rows are gone."""
    await room.vectors.delete_by_document_id(payload.collection, payload.document_id)
    await _delete_files(room, payload.workspace_id, payload.upload_file_ids)
    async with room.database.begin() as session:
        await remove_uploads(session, room.files, payload.workspace_id, payload.upload_file_ids)
        await job.complete(session)


async def remove_replaced(room: KnowledgeRoom, payload: ReplacedUploads, job: RunningJob) -> None:
    """Files that documents do not use any more."""
    await _delete_files(room, payload.workspace_id, payload.upload_file_ids)
    async with room.database.begin() as session:
        await remove_uploads(session, room.files, payload.workspace_id, payload.upload_file_ids)
        await job.complete(session)


async def remove_dataset(room: KnowledgeRoom, payload: RemovedDataset, job: RunningJob) -> None:
    """Everything of a dataset whose row is gone, a page of documents at a time."""
    while True:
        async with room.database.read() as session:
            rows = await session.execute(
                select(Document.id, Document.upload_file_id)
                .where(Document.dataset_id == payload.dataset_id)
                .limit(_AT_ONCE)
            )
            documents = {row.id: row.upload_file_id for row in rows}
        if not documents:
            break
        uploads = [upload for upload in documents.values() if upload is not None]
        await _delete_files(room, payload.workspace_id, uploads)
        async with room.database.begin() as session:
            await segments.delete_segments(session, list(documents))
            await session.execute(delete(Document).where(Document.id.in_(documents)))
            await remove_uploads(session, room.files, payload.workspace_id, uploads)
    await room.vectors.drop(payload.collection)
    async with room.database.begin() as session:
        await session.execute(delete(ProcessRule).where(ProcessRule.dataset_id == payload.dataset_id))
        await unused.forget_notes(session, payload.dataset_id)
        await job.complete(session)


async def _delete_files(room: KnowledgeRoom, workspace_id: str, upload_file_ids: Sequence[str]) -> None:
    """The contents, while the rows still tell where they are."""
    if not upload_file_ids:
        return
    async with room.database.read() as session:
        files = await find_uploads(session, workspace_id, upload_file_ids)
    for file in files.values():
        await room.storage.delete(file.key)


RETIRE = Task("knowledge.remove_retired", Queue.DATASET, RetiredSegments, remove_retired)
REMOVE_DOCUMENT = Task("knowledge.remove_document", Queue.DATASET, RemovedDocument, remove_document)
REMOVE_REPLACED = Task("knowledge.remove_replaced", Queue.DATASET, ReplacedUploads, remove_replaced)
REMOVE_DATASET = Task("knowledge.remove_dataset", Queue.DATASET, RemovedDataset, remove_dataset)
