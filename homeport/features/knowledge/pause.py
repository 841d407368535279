"""Stops the indexing of a document, lets it go on, or tries it again after an error.

Each counts up the document's run, so a job of the run before stops at its next step and cannot overtake.
"""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from homeport.features.knowledge.add_documents import queue
from homeport.features.knowledge.errors import ArchivedDocumentImmutable, DocumentAlreadyFinished, InvalidAction
from homeport.features.knowledge.repository import datasets, documents
from homeport.features.knowledge.room import KnowledgeRoom
from homeport.features.knowledge.tables import Document, IndexingStatus
from homeport.runtime.db.columns import utc_now


async def pause_document(
    session: AsyncSession, workspace_id: str, dataset_id: str, document_id: str, account_id: str
) -> Document:
    """Stop at the next step; what is done is kept. Raises `DocumentAlreadyFinished`, `InvalidAction`."""
    document = await documents.get_document(session, workspace_id, dataset_id, document_id, lock=True)
    if document.indexing_status == IndexingStatus.COMPLETED:
        raise DocumentAlreadyFinished
    if document.indexing_status not in (IndexingStatus.WAITING, *documents.UNDER_WAY):
        raise InvalidAction(f"The document {document.name!r} is not being indexed, so it cannot be paused.")
    document.run += 1
    document.indexing_status = IndexingStatus.PAUSED
    document.paused_at, document.paused_by = utc_now(), account_id
    return document


async def resume_document(
    room: KnowledgeRoom, session: AsyncSession, workspace_id: str, dataset_id: str, document_id: str
) -> Document:
    """Go on with a paused document where it stopped. Raises `InvalidAction` when it is not paused."""
    document = await documents.get_document(session, workspace_id, dataset_id, document_id, lock=True)
    if document.indexing_status != IndexingStatus.PAUSED:
        raise InvalidAction(f"The document {document.name!r} is not paused.")
    document.paused_at = document.paused_by = None
    return await _again(room, session, document)


async def retry_document(
    room: KnowledgeRoom, session: AsyncSession, workspace_id: str, dataset_id: str, document_id: str
) -> Document:
    """Try a document again that could not be indexed. Raises `InvalidAction` when it has no error."""
    document = await documents.get_document(session, workspace_id, dataset_id, document_id, lock=True)
    if document.archived:
        raise ArchivedDocumentImmutable
    if document.indexing_status != IndexingStatus.ERROR:
        raise InvalidAction(f"The document {document.name!r} has no error, so there is nothing to try again.")
    return await _again(room, session, document)


async def _again(room: KnowledgeRoom, session: AsyncSession, document: Document) -> Document:
    dataset = await datasets.get_dataset(session, document.workspace_id, document.dataset_id)
    document.run += 1
    document.error = document.stopped_at = None
    document.indexing_status = IndexingStatus.WAITING
    await session.flush()
    await queue(room, session, [document], dataset.collection)
    return document
