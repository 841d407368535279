"""Makes a knowledge base."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from homeport.features.knowledge.errors import DatasetNameDuplicate
from homeport.features.knowledge.repository import datasets
from homeport.features.knowledge.tables import Dataset
from homeport.runtime.db.columns import new_id, utc_now
from homeport.runtime.errors import InvalidInput

LONGEST_NAME = 40
LONGEST_DESCRIPTION = 400

_NOT_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class NewDataset:
    """What may be said of a dataset when it is made."""

    name: str
    description: str = ""
    permission: str = "only_me"
    indexing_technique: str | None = None
    embedding_model: str | None = None
    embedding_model_provider: str | None = None
    retrieval_model: dict[str, Any] | None = None


async def create_dataset(session: AsyncSession, workspace_id: str, new: NewDataset, created_by: str) -> Dataset:
    """An empty dataset. Raises `DatasetNameDuplicate`, `InvalidInput`."""
    name = check_name(new.name)
    if await datasets.name_taken(session, workspace_id, name):
        raise duplicate(name)
    now = utc_now()
    dataset = Dataset(
        id=new_id(),
        workspace_id=workspace_id,
        name=name,
        description=check_description(new.description),
        provider="vendor",
        permission=new.permission,
        indexing_technique=new.indexing_technique,
        embedding_model=new.embedding_model,
        embedding_model_provider=new.embedding_model_provider,
        collection=new_id(),
        retrieval_model=new.retrieval_model,
        enable_api=True,
        created_by=created_by,
        created_at=now,
        updated_at=now,
        last_position=0,
        document_count=0,
        available_document_count=0,
        withheld_document_count=0,
        word_count=0,
    )
    session.add(dataset)
    try:
        await session.flush()
    except IntegrityError as error:
        raise duplicate(name) from error
    return dataset


def check_name(given: str) -> str:
    """The name as it is kept. Raises `InvalidInput`."""
    name = _NOT_TEXT.sub("", given).strip()
    if not 0 < len(name) <= LONGEST_NAME:
        raise InvalidInput(f"The name has {len(name)} characters; accepted are 1 to {LONGEST_NAME}.")
    return name


def check_description(given: str | None) -> str:
    """The description as it is kept. Raises `InvalidInput`."""
    description = _NOT_TEXT.sub("", given or "").strip()
    if len(description) > LONGEST_DESCRIPTION:
        raise InvalidInput(f"The description has {len(description)} characters; accepted are {LONGEST_DESCRIPTION}.")
    return description


def duplicate(name: str) -> DatasetNameDuplicate:
    """Said when a name is taken."""
    return DatasetNameDuplicate(f"A knowledge base named {name!r} exists already; choose another name.")
