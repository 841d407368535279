"""Queries on documents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, false, func, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from homeport.features.knowledge.errors import DocumentNotFound
from homeport.features.knowledge.repository.datasets import only_ids
from homeport.features.knowledge.tables import Document, IndexingStatus

#: Being made: after waiting, before the end.
UNDER_WAY = (
    IndexingStatus.PARSING,
    IndexingStatus.CLEANING,
    IndexingStatus.SPLITTING,
    IndexingStatus.INDEXING,
)

_COMPLETED = Document.indexing_status == IndexingStatus.COMPLETED
_SHOWN_AS: dict[str, ColumnElement[bool]] = {
    "queuing": Document.indexing_status == IndexingStatus.WAITING,
    "indexing": Document.indexing_status.in_(UNDER_WAY),
    "paused": Document.indexing_status == IndexingStatus.PAUSED,
    "error": Document.indexing_status == IndexingStatus.ERROR,
    "available": and_(_COMPLETED, Document.withheld == false()),
    "disabled": and_(_COMPLETED, Document.enabled == false(), Document.archived == false()),
    "archived": and_(_COMPLETED, Document.archived == true()),
}
_SHOWN_AS |= {"active": _SHOWN_AS["available"], "enabled": _SHOWN_AS["available"]}


async def get_document(
    session: AsyncSession, workspace_id: str, dataset_id: str, document_id: str, *, lock: bool = False
) -> Document:
    """A document of the dataset and workspace; raises `DocumentNotFound`."""
    query = select(Document).where(
        Document.id == document_id, Document.dataset_id == dataset_id, Document.workspace_id == workspace_id
    )
    if lock:
        query = query.with_for_update()
    document = (await session.execute(query)).scalar_one_or_none()
    if document is None:
        raise DocumentNotFound
    return document


async def lock_documents(
    session: AsyncSession, workspace_id: str, dataset_id: str, document_ids: Sequence[str]
) -> list[Document]:
    """Those of the documents that are the dataset's, held until the commit, always in the same order."""
    query = select(Document).where(
        Document.id.in_(only_ids(document_ids)),
        Document.dataset_id == dataset_id,
        Document.workspace_id == workspace_id,
    )
    return list((await session.execute(query.order_by(Document.id).with_for_update())).scalars())


async def list_documents(
    session: AsyncSession, dataset_id: str, *, page: int, limit: int, keyword: str = "", status: str = ""
) -> tuple[list[Document], int]:
    """One page, newest first, and how many there are in all: one statement. An unknown status is not looked at."""
    wanted: list[Any] = [Document.dataset_id == dataset_id]
    if keyword:
        wanted.append(Document.name.icontains(keyword, autoescape=True))
    if status in _SHOWN_AS:
        wanted.append(_SHOWN_AS[status])
    query = select(Document, func.count().over().label("total")).where(*wanted).order_by(Document.position.desc())
    rows = (await session.execute(query.limit(limit).offset((page - 1) * limit))).all()
    if rows or page == 1:
        return [row[0] for row in rows], rows[0].total if rows else 0
    return [], (await session.execute(select(func.count()).select_from(Document).where(*wanted))).scalar_one()


async def documents_of_batch(session: AsyncSession, dataset_id: str, batch: str) -> list[Document]:
    """The documents that were added together."""
    query = select(Document).where(Document.dataset_id == dataset_id, Document.batch == batch)
    return list((await session.execute(query.order_by(Document.position))).scalars())


async def withheld_ids(session: AsyncSession, dataset_ids: Sequence[str]) -> dict[str, list[str]]:
    """Per dataset, its documents that have points and must not be found."""
    query = select(Document.dataset_id, Document.id).where(
        Document.dataset_id.in_(dataset_ids), Document.withheld == true(), Document.unindexed == false()
    )
    found: dict[str, list[str]] = {}
    for dataset_id, document_id in await session.execute(query):
        found.setdefault(dataset_id, []).append(document_id)
    return found
