"""Which embedding model a dataset gets. It keeps it: vectors of two models cannot be compared."""

from __future__ import annotations

from dataclasses import replace

from homeport.backends.llm.choose_account import BUILT_IN_EMBEDDINGS
from homeport.backends.llm.provider_names import find_provider
from homeport.features.knowledge.add_documents import Wishes
from homeport.features.knowledge.room import KnowledgeRoom
from homeport.features.knowledge.tables import Dataset, IndexingTechnique
from homeport.features.providers.choose import TEXT_EMBEDDING, choose_embedder, workspace_models
from homeport.features.providers.known_workspaces import ModelRef

_LOCAL = "local"


async def choose_embedding(
    room: KnowledgeRoom, workspace_id: str, model: str | None = None, provider: str | None = None
) -> ModelRef:
    """The model asked for, else the workspace's default, else the environment's, else the built-in one.

    Raises `Misconfigured` of the model backends for a provider that is unknown.
    """
    if model and provider:
        find_provider(provider)
        return ModelRef(provider, model)
    known = await workspace_models(room.providers, workspace_id)
    default = known.defaults.get(TEXT_EMBEDDING)
    given = room.providers.models.environment_account()
    if model:
        if model in BUILT_IN_EMBEDDINGS:
            return ModelRef(BUILT_IN_EMBEDDINGS[model], model)
        return ModelRef(default.provider if default else given.provider if given else _LOCAL, model)
    if default is not None:
        return default
    embedder = await choose_embedder(room.providers, workspace_id, None)
    if given is None or embedder.model in BUILT_IN_EMBEDDINGS:
        return ModelRef(BUILT_IN_EMBEDDINGS.get(embedder.model, _LOCAL), embedder.model)
    return ModelRef(given.provider, embedder.model)


async def with_embedding(room: KnowledgeRoom, dataset: Dataset, wishes: Wishes) -> Wishes:
    """The wishes with an embedding model, where the dataset needs one and has none yet."""
    technique = dataset.indexing_technique or wishes.indexing_technique or IndexingTechnique.HIGH_QUALITY
    if dataset.embedding_model is not None or technique != IndexingTechnique.HIGH_QUALITY:
        return wishes
    chosen = await choose_embedding(room, dataset.workspace_id, wishes.embedding_model, wishes.embedding_model_provider)
    return replace(wishes, embedding_model=chosen.model, embedding_model_provider=chosen.provider)
