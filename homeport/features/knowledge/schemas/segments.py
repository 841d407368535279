"""Segments as they go over the wire."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from homeport.features.knowledge.schemas.clean_body import CleanBody


class NewSegmentInput(BaseModel):
    """A segment to be added."""

    content: str
    answer: str | None = None
    keywords: list[str] | None = None
    attachment_ids: list[str] | None = None


class AddSegmentsInput(CleanBody):
    """Segments to be added."""

    segments: list[NewSegmentInput] | None = None


class SegmentChangeInput(BaseModel):
    """What is to be changed of a segment."""

    content: str | None = None
    answer: str | None = None
    keywords: list[str] | None = None
    enabled: bool | None = None
    regenerate_child_chunks: bool = False
    attachment_ids: list[str] | None = None
    summary: str | None = None


class ChangeSegmentInput(CleanBody):
    """Wraps the change, as the contract has it."""

    segment: SegmentChangeInput


class SegmentItem(BaseModel):
    """A piece of a document. `word_count` counts characters."""

    id: str
    position: int
    document_id: str
    content: str
    sign_content: str
    answer: str | None
    word_count: int
    tokens: int
    keywords: list[str]
    index_node_id: str
    index_node_hash: str
    hit_count: int
    enabled: bool
    disabled_at: int | None
    disabled_by: str | None
    status: str
    created_by: str
    created_at: int
    updated_at: int
    updated_by: str | None
    indexing_at: int | None
    completed_at: int | None
    error: str | None
    stopped_at: int | None
    child_chunks: list[Any] = Field(default_factory=list)
    attachments: list[Any] = Field(default_factory=list)
    summary: str | None = None


class SegmentAnswer(BaseModel):
    """One segment."""

    data: SegmentItem
    doc_form: str


class SegmentsAnswer(BaseModel):
    """Segments that were added."""

    data: list[SegmentItem]
    doc_form: str


class SegmentPage(BaseModel):
    """A page of segments in the order of the document."""

    data: list[SegmentItem]
    doc_form: str
    total: int
    has_more: bool
    limit: int
    page: int
