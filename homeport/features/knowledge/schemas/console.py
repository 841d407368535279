"""Knowledge as the browser console sends and sees it."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from homeport.features.knowledge.schemas.clean_body import CleanBody
from homeport.features.knowledge.schemas.datasets import Description, Name, Technique
from homeport.features.knowledge.schemas.retrieval import QueryItem, RetrievalModel
from homeport.features.knowledge.schemas.rules import ProcessRuleInput


class NewDatasetForm(CleanBody):
    """A dataset to be made."""

    name: Name
    description: Description | None = ""
    indexing_technique: Technique = Technique.HIGH_QUALITY
    process_rule: ProcessRuleInput | None = None


class DatasetForm(CleanBody):
    """What is to be changed of a dataset."""

    name: Name | None = None
    description: Description | None = None
    retrieval_model: RetrievalModel | None = None
    indexing_technique: Technique | None = None


class ConsoleDataset(BaseModel):
    """A dataset. `word_count` counts characters."""

    id: str
    name: str
    description: str
    indexing_technique: str | None
    embedding_model: str | None
    embedding_model_provider: str | None
    document_count: int
    word_count: int
    app_count: int
    retrieval_model: dict[str, Any]
    created_at: int
    updated_at: int
    total_documents: int
    total_available_documents: int


class TextForm(CleanBody):
    """A document to be made from a text."""

    name: str
    text: str
    process_rule: ProcessRuleInput | None = None


class UploadForm(CleanBody):
    """The field `data` that comes with files."""

    process_rule: ProcessRuleInput | None = None


class DocumentName(CleanBody):
    """A new name."""

    name: str


class FileItem(BaseModel):
    """The file of a document; `size` in bytes."""

    id: str
    name: str
    size: int
    extension: str
    mime_type: str


class ConsoleDocument(BaseModel):
    """A document. `progress` from 0 to 1."""

    id: str
    name: str
    position: int
    indexing_status: str
    display_status: str
    error: str | None
    enabled: bool
    archived: bool
    word_count: int
    tokens: int
    hit_count: int
    segment_count: int
    completed_segments: int
    total_segments: int
    progress: float
    data_source_type: str
    file: FileItem | None
    created_at: int
    updated_at: int
    completed_at: int | None


class RejectedItem(BaseModel):
    """A file that was not accepted."""

    name: str
    code: str
    message: str


class UploadAnswer(BaseModel):
    """What became of the files of an upload."""

    documents: list[ConsoleDocument]
    batch: str | None
    rejected: list[RejectedItem]


class TextAnswer(BaseModel):
    """The document made from a text."""

    document: ConsoleDocument
    batch: str


class SegmentForm(CleanBody):
    """A segment to be added."""

    content: str
    keywords: list[str] | None = None


class SegmentChangeForm(CleanBody):
    """What is to be changed of a segment."""

    content: str | None = None
    keywords: list[str] | None = None
    enabled: bool | None = None


class DocumentRef(BaseModel):
    """A document by name."""

    id: str
    name: str


class ConsoleSegment(BaseModel):
    """A segment."""

    id: str
    document_id: str
    position: int
    content: str
    word_count: int
    tokens: int
    keywords: list[str]
    hit_count: int
    enabled: bool
    status: str
    created_at: int
    updated_at: int
    error: str | None


class ConsoleSegmentDetail(ConsoleSegment):
    """A segment with its document."""

    document: DocumentRef


class QuestionForm(CleanBody):
    """A question to try the retrieval with."""

    query: str
    retrieval_model: RetrievalModel | None = None


class ConsoleRecord(BaseModel):
    """One thing that was found; `highlights` are offsets into the content."""

    segment: ConsoleSegment
    document: DocumentRef
    score: float
    highlights: list[tuple[int, int]]


class ConsoleRetrieveAnswer(BaseModel):
    """What was found, best first; `took_ms`: milliseconds the search took."""

    query: QueryItem
    records: list[ConsoleRecord]
    took_ms: float
