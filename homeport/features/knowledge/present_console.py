"""Rows as the browser console sees them."""

from __future__ import annotations

from homeport.features.knowledge.present import display_status, retrieval_of, seconds
from homeport.features.knowledge.schemas.console import (
    ConsoleDataset,
    ConsoleDocument,
    ConsoleSegment,
    ConsoleSegmentDetail,
    DocumentRef,
    FileItem,
)
from homeport.features.knowledge.tables import Dataset, Document, IndexingStatus, Segment

#: How far a document is at the begin of a stage.
_BEGUN = {IndexingStatus.PARSING: 0.05, IndexingStatus.CLEANING: 0.1, IndexingStatus.SPLITTING: 0.15}
_INDEXING_FROM = 0.2


def console_dataset(dataset: Dataset, app_count: int) -> ConsoleDataset:
    """A dataset."""
    return ConsoleDataset(
        id=dataset.id,
        name=dataset.name,
        description=dataset.description,
        indexing_technique=dataset.indexing_technique,
        embedding_model=dataset.embedding_model,
        embedding_model_provider=dataset.embedding_model_provider,
        document_count=dataset.document_count,
        word_count=dataset.word_count,
        app_count=app_count,
        retrieval_model=retrieval_of(dataset),
        created_at=seconds(dataset.created_at) or 0,
        updated_at=seconds(dataset.updated_at) or 0,
        total_documents=dataset.document_count,
        total_available_documents=dataset.available_document_count,
    )


def console_document(document: Document) -> ConsoleDocument:
    """A document."""
    file = document.data_source_info.get("upload_file")
    return ConsoleDocument(
        id=document.id,
        name=document.name,
        position=document.position,
        indexing_status=document.indexing_status,
        display_status=display_status(document),
        error=document.error,
        enabled=document.enabled,
        archived=document.archived,
        word_count=document.word_count,
        tokens=document.tokens,
        hit_count=document.hit_count,
        segment_count=document.segment_count,
        completed_segments=document.completed_segments,
        total_segments=document.total_segments,
        progress=progress_of(document),
        data_source_type=document.data_source_type,
        file=FileItem.model_validate(file) if file else None,
        created_at=seconds(document.created_at) or 0,
        updated_at=seconds(document.updated_at) or 0,
        completed_at=seconds(document.completed_at),
    )


def progress_of(document: Document) -> float:
    """How far the indexing is, 0 to 1: reading and cutting are its first fifth."""
    if document.indexing_status == IndexingStatus.COMPLETED:
        return 1.0
    if document.total_segments:
        share = document.completed_segments / document.total_segments
        return round(_INDEXING_FROM + (1 - _INDEXING_FROM) * share, 3)
    return _BEGUN.get(IndexingStatus(document.indexing_status), 0.0)


def console_segment(segment: Segment) -> ConsoleSegment:
    """A segment."""
    return ConsoleSegment(
        id=segment.id,
        document_id=segment.document_id,
        position=segment.position,
        content=segment.content,
        word_count=segment.word_count,
        tokens=segment.tokens,
        keywords=segment.keywords or [],
        hit_count=segment.hit_count,
        enabled=segment.enabled,
        status=segment.status,
        created_at=seconds(segment.created_at) or 0,
        updated_at=seconds(segment.updated_at) or 0,
        error=segment.error,
    )


def console_segment_detail(segment: Segment, document: Document) -> ConsoleSegmentDetail:
    """A segment with its document."""
    shown = console_segment(segment).model_dump()
    return ConsoleSegmentDetail(**shown, document=DocumentRef(id=document.id, name=document.name))
