"""How documents are cleaned and cut, as clients send it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field


class PreProcessingRule(BaseModel):
    """One optional way of tidying."""

    id: Literal["remove_extra_spaces", "remove_urls_emails", "remove_stopwords"]
    enabled: bool


class Segmentation(BaseModel):
    """Where to cut; sizes in tokens. `delimiter` is another name of `separator`."""

    separator: str | None = None
    delimiter: str | None = None
    max_tokens: int = 500
    chunk_overlap: int | None = 0


class Rules(BaseModel):
    """What a custom rule says."""

    pre_processing_rules: list[PreProcessingRule] = Field(default_factory=list)
    segmentation: Segmentation | None = None


class ProcessRuleInput(BaseModel):
    """The rule for one or more documents."""

    mode: Literal["automatic", "custom", "hierarchical"] = "automatic"
    rules: Rules | None = None


class ProcessRuleItem(BaseModel):
    """A rule as it is kept."""

    id: str | None = None
    dataset_id: str | None = None
    mode: str
    rules: dict[str, Any] | None
