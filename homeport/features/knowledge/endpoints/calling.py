"""What every route of the public dataset API asks first: a key, then a dataset it may use."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query
from pydantic import BeforeValidator
from sqlalchemy.ext.asyncio import AsyncSession

from homeport.features.identity.access import KeyHolder
from homeport.features.knowledge.errors import DatasetApiDisabled
from homeport.features.knowledge.repository import datasets
from homeport.features.knowledge.room import KnowledgeRoom
from homeport.features.knowledge.tables import Dataset
from homeport.runtime.http.body import without_unstorable
from homeport.runtime.http.provided import provided

ProvidedKnowledge = Annotated[KnowledgeRoom, Depends(provided(KnowledgeRoom))]

#: On query parameters: drops what no database keeps.
Cleaned = BeforeValidator(without_unstorable)

_LARGEST_PAGE = 100
_LAST_PAGE = 99_999


def _page(page: Annotated[int, Query(description="Page, from 1.")] = 1) -> int:
    return min(max(page, 1), _LAST_PAGE)


def _limit(limit: Annotated[int, Query(description="Items per page; at most 100 are given.")] = 20) -> int:
    return min(max(limit, 1), _LARGEST_PAGE)


#: These routes have always cut what is out of range instead of refusing it.
CappedPage = Annotated[int, Depends(_page)]
CappedLimit = Annotated[int, Depends(_limit)]


async def open_dataset(session: AsyncSession, holder: KeyHolder, dataset_id: object) -> Dataset:
    """The dataset, when the key's workspace has it and its API is on.

    Raises `DatasetNotFound`, `DatasetApiDisabled`.
    """
    dataset = await datasets.get_dataset(session, holder.workspace_id, str(dataset_id))
    if not dataset.enable_api:
        raise DatasetApiDisabled
    return dataset
