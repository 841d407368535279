"""Documents as they go over the wire."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from homeport.features.knowledge.schemas.clean_body import CleanBody
from homeport.features.knowledge.schemas.datasets import Technique
from homeport.features.knowledge.schemas.retrieval import RetrievalModel
from homeport.features.knowledge.schemas.rules import ProcessRuleInput, ProcessRuleItem


class DocumentWishes(CleanBody):
    """What a request may say about a document besides its content."""

    indexing_technique: Technique | None = None
    process_rule: ProcessRuleInput | None = None
    doc_form: Literal["text_model", "qa_model", "hierarchical_model"] = "text_model"
    doc_language: str | None = None
    original_document_id: str | None = None
    retrieval_model: RetrievalModel | None = None
    embedding_model: str | None = None
    embedding_model_provider: str | None = None


class TextInput(DocumentWishes):
    """A document to be made from a text."""

    name: str
    text: str


class TextUpdateInput(DocumentWishes):
    """New content of a document: name and text together, or neither."""

    name: str | None = None
    text: str | None = None


class FileWishes(DocumentWishes):
    """The field `data` that comes with a file."""

    name: str | None = None


class ManyDocumentsInput(CleanBody):
    """Documents something is done to."""

    document_ids: list[str] = Field(default_factory=list)


class UploadDetail(BaseModel):
    """The file of a document."""

    id: str
    name: str
    size: int
    extension: str
    mime_type: str
    created_by: str
    created_at: int


class DocumentItem(BaseModel):
    """A document in lists. `word_count` counts characters."""

    id: str
    position: int
    data_source_type: str
    data_source_info: dict[str, Any]
    data_source_detail_dict: dict[str, Any]
    dataset_process_rule_id: str
    name: str
    created_from: str
    created_by: str
    created_at: int
    tokens: int
    indexing_status: str
    error: str | None
    enabled: bool
    disabled_at: int | None
    disabled_by: str | None
    archived: bool
    display_status: str
    word_count: int
    hit_count: int
    doc_form: str
    doc_metadata: Any | None
    summary_index_status: str | None = None
    need_summary: bool = False


class DocumentDetail(DocumentItem):
    """A document with everything known of it."""

    dataset_process_rule: ProcessRuleItem
    document_process_rule: ProcessRuleItem
    completed_at: int | None
    updated_at: int
    indexing_latency: float | None
    doc_type: str | None
    segment_count: int
    average_segment_length: int
    doc_language: str | None


class DocumentAnswer(BaseModel):
    """The document as it waits to be indexed, and its batch."""

    document: DocumentItem
    batch: str


class DocumentPage(BaseModel):
    """A page of documents, newest first."""

    data: list[DocumentItem]
    has_more: bool
    limit: int
    total: int
    page: int


class StatusItem(BaseModel):
    """How far the indexing of a document is."""

    id: str
    indexing_status: str
    processing_started_at: int | None
    parsing_completed_at: int | None
    cleaning_completed_at: int | None
    splitting_completed_at: int | None
    completed_at: int | None
    paused_at: int | None
    error: str | None
    stopped_at: int | None
    completed_segments: int
    total_segments: int


class StatusAnswer(BaseModel):
    """How far the documents of a batch are."""

    data: list[StatusItem]
