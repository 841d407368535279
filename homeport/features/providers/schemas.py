"""What goes over the wire about models."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from homeport.runtime.http.body import RequestBody

ModelType = Literal["llm", "text-embedding"]
Short = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255)]


class Wire(BaseModel):
    """`model` and `model_type` are names of the contract."""

    model_config = ConfigDict(protected_namespaces=())


class ModelEntry(Wire):
    """A model a provider offers."""

    model: Short
    model_type: ModelType
    context_size: int | None = None


class ProviderItem(Wire):
    """A provider, and whether it is set up. The key is never shown, only its ends."""

    provider: str
    label: str
    description: str
    configured: bool
    source: Literal["environment", "workspace"] | None
    base_url: str
    api_key_masked: str
    models: list[ModelEntry]


class Providers(BaseModel):
    """All providers, those in use first."""

    data: list[ProviderItem]


class ProviderChange(RequestBody, Wire):
    """An address and a key. Without `api_key` the stored one stays; without `models` the provider is asked for them."""

    base_url: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500, pattern=r"^(https?://\S+)?$")] = (
        ""
    )
    api_key: Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)] | None = None
    models: list[ModelEntry] = Field([], max_length=1000)


class ListedModel(Wire):
    """A model that may be chosen."""

    provider: str
    model: str
    model_type: ModelType
    label: str


class ListedModels(BaseModel):
    """Models that may be chosen."""

    data: list[ListedModel]


class DefaultRef(Wire):
    """A chosen model."""

    provider: Short
    model: Short


class DefaultModels(RequestBody):
    """The preferred model of each type; null stands for what is built in or given by the environment."""

    model_config = ConfigDict(populate_by_name=True)

    llm: DefaultRef | None = None
    text_embedding: DefaultRef | None = Field(None, alias="text-embedding")
