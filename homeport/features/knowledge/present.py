"""Rows as clients see them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from homeport.features.knowledge.schemas.datasets import DatasetItem
from homeport.features.knowledge.schemas.documents import DocumentDetail, DocumentItem, StatusItem
from homeport.features.knowledge.schemas.rules import ProcessRuleItem
from homeport.features.knowledge.schemas.segments import SegmentItem
from homeport.features.knowledge.tables import (
    Dataset,
    Document,
    IndexingStatus,
    IndexingTechnique,
    ProcessRule,
    Segment,
)

#: What is shown of a dataset nobody set a search for.
_RETRIEVAL_DEFAULT: dict[str, Any] = {
    "search_method": "semantic_search",
    "reranking_enable": False,
    "reranking_mode": None,
    "reranking_model": {"reranking_provider_name": "", "reranking_model_name": ""},
    "weights": None,
    "top_k": 4,
    "score_threshold_enabled": False,
    "score_threshold": None,
}


def seconds(moment: datetime | None) -> int | None:
    """A moment as unix seconds."""
    return None if moment is None else int(moment.timestamp())


def retrieval_of(dataset: Dataset) -> dict[str, Any]:
    """How a dataset is searched; economy is searched by words whatever was set."""
    shown = _RETRIEVAL_DEFAULT | (dataset.retrieval_model or {})
    if dataset.indexing_technique == IndexingTechnique.ECONOMY:
        shown["search_method"] = "keyword_search"
    return shown


def dataset_item(dataset: Dataset, app_count: int, author_name: str | None = None) -> dict[str, Any]:
    """What lists and answers say of a dataset."""
    return {
        "id": dataset.id,
        "name": dataset.name,
        "description": dataset.description,
        "provider": dataset.provider,
        "permission": dataset.permission,
        "data_source_type": dataset.data_source_type,
        "indexing_technique": dataset.indexing_technique,
        "app_count": app_count,
        "document_count": dataset.document_count,
        "word_count": dataset.word_count,
        "created_by": dataset.created_by,
        "author_name": author_name,
        "created_at": seconds(dataset.created_at),
        "updated_by": dataset.updated_by,
        "updated_at": seconds(dataset.updated_at),
        "embedding_model": dataset.embedding_model,
        "embedding_model_provider": dataset.embedding_model_provider,
        "embedding_available": True,
        "retrieval_model_dict": retrieval_of(dataset),
        "doc_form": dataset.doc_form,
        "total_documents": dataset.document_count,
        "total_available_documents": dataset.available_document_count,
        "enable_api": dataset.enable_api,
    }


def public_dataset(dataset: Dataset, app_count: int, author_name: str | None = None) -> DatasetItem:
    """A dataset in the form of the public API."""
    return DatasetItem.model_validate(dataset_item(dataset, app_count, author_name))


def display_status(document: Document) -> str:
    """A document's state in one word."""
    status = document.indexing_status
    if status == IndexingStatus.WAITING:
        return "queuing"
    if status in (IndexingStatus.PAUSED, IndexingStatus.ERROR):
        return status
    if status != IndexingStatus.COMPLETED:
        return "indexing"
    if document.archived:
        return "archived"
    return "available" if document.enabled else "disabled"


def document_item(document: Document) -> DocumentItem:
    """A document in lists."""
    return DocumentItem.model_construct(**_document_facts(document))


def document_detail(document: Document, rule: ProcessRule | None) -> dict[str, Any]:
    """Everything known of a document, in the form of the public API."""
    shown = ProcessRuleItem(
        id=rule.id if rule else None,
        dataset_id=document.dataset_id,
        mode=rule.mode if rule else "automatic",
        rules=rule.rules if rule else None,
    )
    facts = _document_facts(document)
    facts["data_source_info"] = facts["data_source_detail_dict"]
    detail = DocumentDetail(
        **facts,
        dataset_process_rule=shown,
        document_process_rule=shown,
        completed_at=seconds(document.completed_at),
        updated_at=seconds(document.updated_at) or 0,
        indexing_latency=document.indexing_latency,
        doc_type=document.doc_type,
        segment_count=document.segment_count,
        average_segment_length=document.word_count // document.segment_count if document.segment_count else 0,
        doc_language=document.doc_language,
    )
    return detail.model_dump()


def _document_facts(document: Document) -> dict[str, Any]:
    source = document.data_source_info
    return {
        "id": document.id,
        "position": document.position,
        "data_source_type": document.data_source_type,
        "data_source_info": {"upload_file_id": source["upload_file_id"]},
        "data_source_detail_dict": {"upload_file": source["upload_file"]},
        "dataset_process_rule_id": document.process_rule_id,
        "name": document.name,
        "created_from": document.created_from,
        "created_by": document.created_by,
        "created_at": seconds(document.created_at),
        "tokens": document.tokens,
        "indexing_status": str(document.indexing_status),
        "error": document.error,
        "enabled": document.enabled,
        "disabled_at": seconds(document.disabled_at),
        "disabled_by": document.disabled_by,
        "archived": document.archived,
        "display_status": display_status(document),
        "word_count": document.word_count,
        "hit_count": document.hit_count,
        "doc_form": document.doc_form,
        "doc_metadata": document.doc_metadata,
        "summary_index_status": None,
        "need_summary": False,
    }


def status_item(document: Document) -> StatusItem:
    """How far the indexing of a document is."""
    return StatusItem(
        id=document.id,
        indexing_status=document.indexing_status,
        processing_started_at=seconds(document.processing_started_at),
        parsing_completed_at=seconds(document.parsing_completed_at),
        cleaning_completed_at=seconds(document.cleaning_completed_at),
        splitting_completed_at=seconds(document.splitting_completed_at),
        completed_at=seconds(document.completed_at),
        paused_at=seconds(document.paused_at),
        error=document.error,
        stopped_at=seconds(document.stopped_at),
        completed_segments=document.completed_segments,
        total_segments=document.total_segments,
    )


def segment_facts(segment: Segment) -> dict[str, Any]:
    """What answers say of a segment."""
    return {
        "id": segment.id,
        "position": segment.position,
        "document_id": segment.document_id,
        "content": segment.content,
        "sign_content": segment.content,
        "answer": segment.answer,
        "word_count": segment.word_count,
        "tokens": segment.tokens,
        "keywords": segment.keywords or [],
        "index_node_id": segment.id,
        "index_node_hash": segment.index_node_hash,
        "hit_count": segment.hit_count,
        "enabled": segment.enabled,
        "disabled_at": seconds(segment.disabled_at),
        "disabled_by": segment.disabled_by,
        "status": str(segment.status),
        "created_by": segment.created_by,
        "created_at": seconds(segment.created_at),
        "updated_at": seconds(segment.updated_at),
        "updated_by": segment.updated_by,
        "indexing_at": seconds(segment.indexing_at),
        "completed_at": seconds(segment.completed_at),
        "error": segment.error,
        "stopped_at": seconds(segment.stopped_at),
        "child_chunks": [],
        "attachments": [],
        "summary": None,
    }


def segment_item(segment: Segment) -> SegmentItem:
    """A segment in the form of the public API."""
    return SegmentItem.model_construct(**segment_facts(segment))
