"""How a dataset is searched and what was found, as it goes over the wire."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from homeport.features.knowledge.schemas.clean_body import CleanBody
from homeport.features.knowledge.schemas.segments import SegmentItem

Method = Literal["semantic_search", "full_text_search", "hybrid_search", "keyword_search"]


class RerankingModel(BaseModel):
    """Kept for clients; reranking models are not called by this version."""

    reranking_provider_name: str | None = None
    reranking_model_name: str | None = None


class VectorSetting(BaseModel):
    """The share of meaning in a hybrid search."""

    vector_weight: float = Field(0.7, ge=0, le=1)
    embedding_provider_name: str | None = None
    embedding_model_name: str | None = None


class KeywordSetting(BaseModel):
    """The share of words in a hybrid search."""

    keyword_weight: float = Field(0.3, ge=0, le=1)


class Weights(BaseModel):
    """How a hybrid search weighs meaning and words."""

    weight_type: str | None = None
    vector_setting: VectorSetting | None = None
    keyword_setting: KeywordSetting | None = None


class RetrievalModel(BaseModel):
    """How a dataset is searched."""

    model_config = ConfigDict(extra="ignore")

    search_method: Method = "semantic_search"
    reranking_enable: bool | None = False
    reranking_model: RerankingModel | None = None
    reranking_mode: Literal["reranking_model", "weighted_score"] | None = None
    weights: Weights | None = None
    top_k: int = Field(4, ge=1, le=100)
    score_threshold_enabled: bool | None = False
    score_threshold: float | None = Field(None, ge=0, le=1)


class RetrieveInput(CleanBody):
    """A question to a dataset."""

    query: str = Field(max_length=250)
    retrieval_model: RetrievalModel | None = None
    external_retrieval_model: dict[str, Any] | None = None
    attachment_ids: list[str] | None = None


class QueryItem(BaseModel):
    """The question again."""

    content: str


class RecordDocument(BaseModel):
    """The document a record is from."""

    id: str
    data_source_type: str
    name: str
    doc_type: str | None = None
    doc_metadata: dict[str, Any] | None = None


class RecordSegment(SegmentItem):
    """A segment with its document."""

    document: RecordDocument


class RecordItem(BaseModel):
    """One thing that was found."""

    segment: RecordSegment
    child_chunks: list[Any] | None = None
    score: float
    tsne_position: Any | None = None
    files: list[Any] = Field(default_factory=list)
    summary: str | None = None


class RetrieveAnswer(BaseModel):
    """What was found, best first."""

    query: QueryItem
    records: list[RecordItem]
