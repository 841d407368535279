"""Deletes a document: its rows at once, its points and file by a job."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from homeport.features.knowledge import clean_up
from homeport.features.knowledge.errors import ArchivedDocumentImmutable
from homeport.features.knowledge.repository import datasets, documents, segments
from homeport.features.knowledge.room import KnowledgeRoom
from homeport.features.knowledge.tables import IndexingStatus


async def delete_document(
    room: KnowledgeRoom, session: AsyncSession, workspace_id: str, dataset_id: str, document_id: str
) -> None:
    """An indexing under way notices and takes back what it did. Raises `DocumentNotFound`, `DatasetNotFound`.

    Raises `ArchivedDocumentImmutable` as well.
    """
    document = await documents.get_document(session, workspace_id, dataset_id, document_id, lock=True)
    if document.archived:
        raise ArchivedDocumentImmutable
    dataset = await datasets.get_dataset(session, workspace_id, dataset_id)
    available = document.indexing_status == IndexingStatus.COMPLETED and not document.withheld
    payload = clean_up.RemovedDocument(
        workspace_id=workspace_id,
        collection=dataset.collection,
        document_id=document_id,
        upload_file_ids=[document.upload_file_id] if document.upload_file_id else [],
    )
    words = document.word_count
    withheld = int(document.withheld)
    await segments.delete_segments(session, [document_id])
    await session.delete(document)
    await session.flush()
    await datasets.add_counts(
        session, dataset_id, documents=-1, available=-int(available), withheld=-withheld, words=-words
    )
    await room.jobs.enqueue(
        session, clean_up.REMOVE_DOCUMENT, payload, workspace_id=workspace_id, subject_id=document_id
    )
