"""Pages of a list, as the public API counts them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel

Item = TypeVar("Item")

PageNumber = Annotated[int, Query(ge=1, le=99999, description="Page, from 1.")]
PageLimit = Annotated[int, Query(ge=1, le=100, description="Items per page.")]


class Page(BaseModel, Generic[Item]):
    """One page of a list, and how many items there are in all."""

    data: list[Item]
    page: int
    limit: int
    total: int
    has_more: bool

    @classmethod
    def of(cls, data: Sequence[Item], *, page: int, limit: int, total: int) -> Page[Item]:
        """A page from its items and the total count."""
        return cls(data=list(data), page=page, limit=limit, total=total, has_more=page * limit < total)


class Slice(BaseModel, Generic[Item]):
    """A part of a list that is walked by a cursor."""

    limit: int
    has_more: bool
    data: list[Item]


class Done(BaseModel):
    """The answer of a call that has nothing else to say."""

    result: str = "success"
