"""Datasets as they go over the wire."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StringConstraints

from homeport.features.knowledge.schemas.clean_body import CleanBody
from homeport.features.knowledge.schemas.retrieval import RetrievalModel
from homeport.features.knowledge.tables import IndexingTechnique

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
Description = Annotated[str, StringConstraints(max_length=400)]
Technique = IndexingTechnique
Permission = Literal["only_me", "all_team_members", "partial_members"]


class NewDatasetInput(CleanBody):
    """A dataset to be made."""

    name: Name
    description: Description | None = ""
    indexing_technique: Technique | None = None
    permission: Permission | None = "only_me"
    provider: Literal["vendor", "external"] = "vendor"
    external_knowledge_api_id: str | None = None
    external_knowledge_id: str | None = None
    embedding_model: str | None = None
    embedding_model_provider: str | None = None
    retrieval_model: RetrievalModel | None = None
    summary_index_setting: dict[str, Any] | None = None


class DatasetChangeInput(CleanBody):
    """What is to be changed of a dataset."""

    name: Name | None = None
    description: Description | None = None
    indexing_technique: Technique | None = None
    permission: Permission | None = None
    partial_member_list: list[dict[str, str]] | None = None
    embedding_model: str | None = None
    embedding_model_provider: str | None = None
    retrieval_model: RetrievalModel | None = None
    external_retrieval_model: dict[str, Any] | None = None
    external_knowledge_api_id: str | None = None
    external_knowledge_id: str | None = None


class ExternalKnowledgeInfo(BaseModel):
    """Outside knowledge bases, which this version has none of."""

    external_knowledge_id: str | None = None
    external_knowledge_api_id: str | None = None
    external_knowledge_api_name: str | None = None
    external_knowledge_api_endpoint: str | None = None


class ExternalRetrievalModel(BaseModel):
    """How outside knowledge bases are searched."""

    top_k: int = 2
    score_threshold: float | None = 0.0
    score_threshold_enabled: bool | None = None


class DatasetItem(BaseModel):
    """A dataset. `word_count` counts characters."""

    id: str
    name: str
    description: str
    provider: str
    permission: str
    data_source_type: str | None
    indexing_technique: str | None
    app_count: int
    document_count: int
    word_count: int
    created_by: str
    author_name: str | None
    created_at: int
    updated_by: str | None
    updated_at: int
    embedding_model: str | None
    embedding_model_provider: str | None
    embedding_available: bool
    retrieval_model_dict: dict[str, Any]
    summary_index_setting: dict[str, Any] | None = None
    tags: list[dict[str, str]] = Field(default_factory=list)
    doc_form: str | None
    external_knowledge_info: ExternalKnowledgeInfo = Field(default_factory=ExternalKnowledgeInfo)
    external_retrieval_model: ExternalRetrievalModel = Field(default_factory=ExternalRetrievalModel)
    doc_metadata: list[dict[str, Any]] = Field(default_factory=list)
    built_in_field_enabled: bool = False
    pipeline_id: str | None = None
    runtime_mode: str = "general"
    chunk_structure: str | None = None
    icon_info: dict[str, Any] | None = None
    is_published: bool = False
    total_documents: int
    total_available_documents: int
    enable_api: bool
    is_multimodal: bool = False


class DatasetDetail(DatasetItem):
    """A dataset, and the members it is open to."""

    partial_member_list: list[str] | None = None


class DatasetPage(BaseModel):
    """A page of datasets, newest first."""

    data: list[DatasetItem]
    has_more: bool
    limit: int
    total: int
    page: int
