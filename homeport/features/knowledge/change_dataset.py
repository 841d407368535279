"""Changes a knowledge base: its name, how it is searched, how it is indexed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from homeport.features.knowledge import rebuild
from homeport.features.knowledge.create_dataset import check_description, check_name, duplicate
from homeport.features.knowledge.repository import datasets
from homeport.features.knowledge.room import KnowledgeRoom
from homeport.features.knowledge.tables import Dataset, IndexingTechnique
from homeport.features.providers.known_workspaces import ModelRef
from homeport.runtime.db.columns import new_id, utc_now


@dataclass(frozen=True, slots=True)
class DatasetChange:
    """What is to be changed; None: stays.

    `embedding`: the model for a dataset that is or becomes high quality; `default_embedding`: for one without any.
    """

    name: str | None = None
    description: str | None = None
    permission: str | None = None
    indexing_technique: str | None = None
    embedding: ModelRef | None = None
    default_embedding: ModelRef | None = None
    retrieval_model: dict[str, Any] | None = None


async def change_dataset(
    room: KnowledgeRoom,
    session: AsyncSession,
    workspace_id: str,
    dataset_id: str,
    change: DatasetChange,
    account_id: str,
) -> Dataset:
    """The changed dataset; a new technique or model embeds its segments anew by a job.

    Raises `DatasetNotFound`, `DatasetNameDuplicate`, `InvalidInput`.
    """
    dataset = await datasets.get_dataset(session, workspace_id, dataset_id, lock=True)
    if change.name is not None:
        name = check_name(change.name)
        if name != dataset.name and await datasets.name_taken(session, workspace_id, name):
            raise duplicate(name)
        dataset.name = name
    if change.description is not None:
        dataset.description = check_description(change.description)
    if change.permission is not None:
        dataset.permission = change.permission
    if change.retrieval_model is not None:
        dataset.retrieval_model = change.retrieval_model
    dataset.updated_by, dataset.updated_at = account_id, utc_now()
    try:
        await session.flush()
    except IntegrityError as error:
        raise duplicate(change.name or dataset.name) from error
    await _change_index(room, session, dataset, change)
    return dataset


async def _change_index(room: KnowledgeRoom, session: AsyncSession, dataset: Dataset, change: DatasetChange) -> None:
    technique = change.indexing_technique or dataset.indexing_technique
    before = (dataset.indexing_technique, dataset.embedding_model_provider, dataset.embedding_model)
    dataset.indexing_technique = technique
    chosen = change.embedding or (change.default_embedding if dataset.embedding_model is None else None)
    if technique == IndexingTechnique.HIGH_QUALITY and chosen is not None:
        dataset.embedding_model, dataset.embedding_model_provider = chosen.model, chosen.provider
    after = (dataset.indexing_technique, dataset.embedding_model_provider, dataset.embedding_model)
    # From meaning to words nothing has to be made: the words are in the index already.
    if after == before or technique != IndexingTechnique.HIGH_QUALITY or not dataset.document_count:
        return
    replaced = None
    if dataset.embedding_dimension is not None:
        replaced, dataset.collection, dataset.embedding_dimension = dataset.collection, new_id(), None
    await session.flush()
    await rebuild.queue(room, session, dataset, replaced)
