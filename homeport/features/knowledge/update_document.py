"""Renames a document, or gives it new content: what it says now stays in answers until the new content is indexed."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from homeport.features.files.tables import UploaderRole
from homeport.features.files.upload import keep
from homeport.features.knowledge import clean_up
from homeport.features.knowledge.accept_files import check_document_name
from homeport.features.knowledge.add_documents import NewDocument, Wishes, new_batch, queue, source_info
from homeport.features.knowledge.choose_rule import rule_for
from homeport.features.knowledge.errors import ArchivedDocumentImmutable
from homeport.features.knowledge.repository import datasets, documents
from homeport.features.knowledge.room import KnowledgeRoom
from homeport.features.knowledge.tables import Document, IndexingStatus


async def rename_document(
    session: AsyncSession, workspace_id: str, dataset_id: str, document_id: str, name: str
) -> Document:
    """Raises `DocumentNotFound`, `ArchivedDocumentImmutable`, `InvalidInput` for a name that is none."""
    document = await documents.get_document(session, workspace_id, dataset_id, document_id, lock=True)
    if document.archived:
        raise ArchivedDocumentImmutable
    document.name = check_document_name(name)
    await session.flush()
    return document


async def update_document(
    room: KnowledgeRoom,
    session: AsyncSession,
    workspace_id: str,
    dataset_id: str,
    document_id: str,
    new: NewDocument | None,
    wishes: Wishes,
    *,
    account_id: str,
) -> Document:
    """Index a document again: with new content, or without any the file it has by another rule.

    An indexing under way is replaced. Raises `DocumentNotFound`, `ArchivedDocumentImmutable`.
    """
    document = await documents.get_document(session, workspace_id, dataset_id, document_id, lock=True)
    if document.archived:
        raise ArchivedDocumentImmutable
    dataset = await datasets.get_dataset(session, workspace_id, dataset_id)
    if document.indexing_status == IndexingStatus.COMPLETED and not document.withheld:
        await datasets.add_counts(session, dataset_id, available=-1)
    if wishes.rule is not None:
        document.process_rule_id = await rule_for(session, dataset_id, wishes.rule, account_id)
    if wishes.doc_language is not None:
        document.doc_language = wishes.doc_language
    if new is not None:
        await _replace_file(room, session, document, new, account_id)
    document.run += 1
    document.wanted_edition += 1
    document.batch = new_batch()
    document.indexing_status = IndexingStatus.WAITING
    document.error = document.stopped_at = document.paused_at = document.paused_by = document.completed_at = None
    document.processing_started_at = document.parsing_completed_at = None
    document.cleaning_completed_at = document.splitting_completed_at = None
    document.completed_segments = document.total_segments = 0
    document.unindexed = False
    await session.flush()
    await queue(room, session, [document], dataset.collection)
    return document


async def _replace_file(
    room: KnowledgeRoom, session: AsyncSession, document: Document, new: NewDocument, account_id: str
) -> None:
    replaced = document.upload_file_id
    file = keep(session, new.content, account_id, UploaderRole.ACCOUNT)
    file.used, file.used_by, file.used_at = True, account_id, file.created_at
    document.name = new.name
    document.upload_file_id = file.id
    document.data_source_info = source_info(file)
    if replaced is not None:
        payload = clean_up.ReplacedUploads(workspace_id=document.workspace_id, upload_file_ids=[replaced])
        await room.jobs.enqueue(
            session, clean_up.REMOVE_REPLACED, payload, workspace_id=document.workspace_id, subject_id=document.id
        )
