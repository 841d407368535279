"""Knowledge bases, their documents and the segments that are searched."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, String, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from homeport.runtime.db.columns import ExactText, JsonColumn, LongText, MediumBinary, new_id, utc_now
from homeport.runtime.db.tables import Created, Table

# Two names that differ in case or accents are two names, on every engine.
_ExactName = ExactText(255)


class IndexingTechnique(StrEnum):
    """How a dataset is searched: by meaning (embeddings) and words, or by words alone."""

    HIGH_QUALITY = "high_quality"
    ECONOMY = "economy"


class IndexingStatus(StrEnum):
    """Where a document stands on its way into the index."""

    WAITING = "waiting"
    PARSING = "parsing"
    CLEANING = "cleaning"
    SPLITTING = "splitting"
    INDEXING = "indexing"
    PAUSED = "paused"
    ERROR = "error"
    COMPLETED = "completed"


class SegmentStatus(StrEnum):
    """Where a segment stands; only completed ones are found."""

    WAITING = "waiting"
    INDEXING = "indexing"
    COMPLETED = "completed"
    ERROR = "error"


class Dataset(Created, Table):
    """A knowledge base. Its counters are kept with every change of its documents, so that lists need no sums."""

    __tablename__ = "datasets"
    __table_args__ = (
        Index("uq_datasets_workspace_id_name", "workspace_id", "name", unique=True),
        Index("ix_datasets_workspace_id_created_at", "workspace_id", "created_at"),
    )

    workspace_id: Mapped[str] = mapped_column(Uuid(as_uuid=False))
    name: Mapped[str] = mapped_column(_ExactName)
    description: Mapped[str] = mapped_column(LongText, default="")
    provider: Mapped[str] = mapped_column(String(20), default="vendor")
    permission: Mapped[str] = mapped_column(String(20), default="only_me")
    data_source_type: Mapped[str | None] = mapped_column(String(40))
    indexing_technique: Mapped[str | None] = mapped_column(String(20))
    doc_form: Mapped[str | None] = mapped_column(String(40))
    embedding_model: Mapped[str | None]
    embedding_model_provider: Mapped[str | None]
    #: Numbers per vector; None until the first document is embedded, and for economy.
    embedding_dimension: Mapped[int | None]
    #: Under which id the vector store keeps its points; a new one whenever they are all made anew.
    collection: Mapped[str] = mapped_column(Uuid(as_uuid=False), default=new_id)
    retrieval_model: Mapped[dict[str, Any] | None] = mapped_column(JsonColumn)
    enable_api: Mapped[bool] = mapped_column(default=True)
    created_by: Mapped[str] = mapped_column(Uuid(as_uuid=False))
    updated_by: Mapped[str | None] = mapped_column(Uuid(as_uuid=False))
    #: Position of the newest document; never goes back.
    last_position: Mapped[int] = mapped_column(default=0)
    document_count: Mapped[int] = mapped_column(default=0)
    #: Documents that can be found: completed, enabled, not archived.
    available_document_count: Mapped[int] = mapped_column(default=0)
    #: Documents that must not be found although their points stay in the index: disabled or archived.
    withheld_document_count: Mapped[int] = mapped_column(default=0)
    word_count: Mapped[int] = mapped_column(default=0)
    #: When it was last searched, to some minutes; None: not since it has been made, or since that is noted.
    searched_at: Mapped[datetime | None]


class ProcessRule(Table):
    """How documents are cleaned and cut."""

    __tablename__ = "dataset_process_rules"
    __table_args__ = (Index("ix_dataset_process_rules_dataset_id_created_at", "dataset_id", "created_at"),)

    dataset_id: Mapped[str] = mapped_column(Uuid(as_uuid=False))
    mode: Mapped[str] = mapped_column(String(20))
    rules: Mapped[dict[str, Any]] = mapped_column(JsonColumn)
    created_by: Mapped[str] = mapped_column(Uuid(as_uuid=False))
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class Document(Created, Table):
    """One document of a dataset.

    `run` counts the requests to index it: a job of an earlier run stops at its next step. `edition` is the edition of
    its segments that is in service, 0 before the first; segments of the `wanted_edition` may still be in the making.
    """

    __tablename__ = "documents"
    __table_args__ = (
        Index("ix_documents_dataset_id_position", "dataset_id", "position"),
        Index("ix_documents_dataset_id_indexing_status", "dataset_id", "indexing_status"),
        Index("ix_documents_dataset_id_withheld", "dataset_id", "withheld"),
        Index("ix_documents_dataset_id_batch", "dataset_id", "batch"),
    )

    workspace_id: Mapped[str] = mapped_column(Uuid(as_uuid=False))
    dataset_id: Mapped[str] = mapped_column(Uuid(as_uuid=False))
    position: Mapped[int]
    batch: Mapped[str] = mapped_column(String(20))
    name: Mapped[str]
    data_source_type: Mapped[str] = mapped_column(String(40), default="upload_file")
    #: The upload and what lists show of it: {"upload_file_id", "upload_file": {id, name, size, extension, ...}}.
    data_source_info: Mapped[dict[str, Any]] = mapped_column(JsonColumn)
    upload_file_id: Mapped[str | None] = mapped_column(Uuid(as_uuid=False))
    process_rule_id: Mapped[str] = mapped_column(Uuid(as_uuid=False))
    created_from: Mapped[str] = mapped_column(String(20), default="web")
    created_by: Mapped[str] = mapped_column(Uuid(as_uuid=False))
    word_count: Mapped[int] = mapped_column(default=0)
    tokens: Mapped[int] = mapped_column(default=0)
    indexing_status: Mapped[str] = mapped_column(String(20), default=IndexingStatus.WAITING)
    run: Mapped[int] = mapped_column(default=1)
    edition: Mapped[int] = mapped_column(default=0)
    wanted_edition: Mapped[int] = mapped_column(default=1)
    processing_started_at: Mapped[datetime | None]
    parsing_completed_at: Mapped[datetime | None]
    cleaning_completed_at: Mapped[datetime | None]
    splitting_completed_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    paused_at: Mapped[datetime | None]
    paused_by: Mapped[str | None] = mapped_column(Uuid(as_uuid=False))
    stopped_at: Mapped[datetime | None]
    #: Seconds from the start of processing to completion.
    indexing_latency: Mapped[float | None]
    error: Mapped[str | None] = mapped_column(LongText)
    enabled: Mapped[bool] = mapped_column(default=True)
    disabled_at: Mapped[datetime | None]
    disabled_by: Mapped[str | None] = mapped_column(Uuid(as_uuid=False))
    archived: Mapped[bool] = mapped_column(default=False)
    archived_at: Mapped[datetime | None]
    archived_by: Mapped[str | None] = mapped_column(Uuid(as_uuid=False))
    #: Disabled or archived, in one column that an index serves.
    withheld: Mapped[bool] = mapped_column(default=False)
    #: Its points were dropped because nobody used it; it is indexed again once it may be found again.
    unindexed: Mapped[bool] = mapped_column(default=False)
    doc_form: Mapped[str] = mapped_column(String(40), default="text_model")
    doc_language: Mapped[str | None] = mapped_column(String(40))
    doc_type: Mapped[str | None] = mapped_column(String(40))
    doc_metadata: Mapped[dict[str, Any] | None] = mapped_column(JsonColumn)
    hit_count: Mapped[int] = mapped_column(default=0)
    segment_count: Mapped[int] = mapped_column(default=0)
    completed_segments: Mapped[int] = mapped_column(default=0)
    total_segments: Mapped[int] = mapped_column(default=0)


class Segment(Created, Table):
    """A piece of a document: what is searched, shown and cited. Its id is also the id of its point in the index."""

    __tablename__ = "document_segments"
    __table_args__ = (
        Index("ix_document_segments_document_id_edition_position", "document_id", "edition", "position"),
        Index("ix_document_segments_dataset_id", "dataset_id"),
    )

    workspace_id: Mapped[str] = mapped_column(Uuid(as_uuid=False))
    dataset_id: Mapped[str] = mapped_column(Uuid(as_uuid=False))
    document_id: Mapped[str] = mapped_column(Uuid(as_uuid=False))
    edition: Mapped[int] = mapped_column(default=1)
    #: From 1, in the order of the document.
    position: Mapped[int]
    content: Mapped[str] = mapped_column(LongText)
    answer: Mapped[str | None] = mapped_column(LongText)
    word_count: Mapped[int]
    tokens: Mapped[int]
    keywords: Mapped[list[str] | None] = mapped_column(JsonColumn)
    index_node_hash: Mapped[str] = mapped_column(String(64))
    hit_count: Mapped[int] = mapped_column(default=0)
    enabled: Mapped[bool] = mapped_column(default=True)
    disabled_at: Mapped[datetime | None]
    disabled_by: Mapped[str | None] = mapped_column(Uuid(as_uuid=False))
    status: Mapped[str] = mapped_column(String(20), default=SegmentStatus.WAITING)
    error: Mapped[str | None] = mapped_column(LongText)
    created_by: Mapped[str] = mapped_column(Uuid(as_uuid=False))
    updated_by: Mapped[str | None] = mapped_column(Uuid(as_uuid=False))
    indexing_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    stopped_at: Mapped[datetime | None]


class Embedding(Table):
    """What a remote model made of a text, so that it need not be asked again."""

    __tablename__ = "embeddings"
    __table_args__ = (Index("uq_embeddings_key", "key", unique=True), Index("ix_embeddings_used_at", "used_at"))

    #: A hash of the model's address, its name and the text.
    key: Mapped[str] = mapped_column(String(64))
    provider: Mapped[str] = mapped_column(String(100))
    model: Mapped[str]
    #: 32-bit floats, the lowest byte first.
    vector: Mapped[bytes] = mapped_column(MediumBinary)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    #: When it was last of use, to a day.
    used_at: Mapped[datetime] = mapped_column(default=utc_now)


class SwitchedOffDocument(Table):
    """A document that was disabled because nobody used its knowledge base; its owner is told once."""

    __tablename__ = "dataset_auto_disable_logs"
    __table_args__ = (
        Index("ix_dataset_auto_disable_logs_notified", "notified", "workspace_id"),
        Index("ix_dataset_auto_disable_logs_dataset_id", "dataset_id"),
    )

    workspace_id: Mapped[str] = mapped_column(Uuid(as_uuid=False))
    dataset_id: Mapped[str] = mapped_column(Uuid(as_uuid=False))
    document_id: Mapped[str] = mapped_column(Uuid(as_uuid=False))
    notified: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
