"""Queries on segments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import and_, bindparam, delete, false, func, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from homeport.features.knowledge.errors import SegmentNotFound
from homeport.features.knowledge.repository.datasets import only_ids
from homeport.features.knowledge.tables import Document, Segment, SegmentStatus

_LIVE = and_(Segment.document_id == Document.id, Segment.edition == Document.edition)


async def get_segment(
    session: AsyncSession,
    workspace_id: str,
    dataset_id: str,
    segment_id: str,
    *,
    document_id: str | None = None,
    lock: bool = False,
) -> tuple[Segment, Document]:
    """A segment that is in service, and its document; raises `SegmentNotFound`. `lock` holds both."""
    query = (
        select(Segment, Document)
        .join(Document, _LIVE)
        .where(Segment.id == segment_id, Document.dataset_id == dataset_id, Document.workspace_id == workspace_id)
    )
    if document_id is not None:
        query = query.where(Document.id == document_id)
    row = (await session.execute(query.with_for_update() if lock else query)).one_or_none()
    if row is None:
        raise SegmentNotFound
    return row[0], row[1]


async def list_segments(
    session: AsyncSession,
    document: Document,
    *,
    page: int,
    limit: int,
    keyword: str = "",
    statuses: Sequence[str] = (),
    enabled: bool | None = None,
) -> tuple[list[Segment], int]:
    """One page of the segments in service, in their order, and how many there are in all: one statement."""
    wanted: list[Any] = [Segment.document_id == document.id, Segment.edition == document.edition]
    if keyword:
        wanted.append(Segment.content.icontains(keyword, autoescape=True))
    if statuses:
        wanted.append(Segment.status.in_(statuses))
    if enabled is not None:
        wanted.append(Segment.enabled == enabled)
    query = select(Segment, func.count().over().label("total")).where(*wanted).order_by(Segment.position, Segment.id)
    rows = (await session.execute(query.limit(limit).offset((page - 1) * limit))).all()
    if rows or page == 1:
        return [row[0] for row in rows], rows[0].total if rows else 0
    return [], (await session.execute(select(func.count()).select_from(Segment).where(*wanted))).scalar_one()


async def last_position(session: AsyncSession, document: Document) -> int:
    """Position of the last segment in service; 0 without any."""
    query = select(func.max(Segment.position)).where(
        Segment.document_id == document.id, Segment.edition == document.edition
    )
    return (await session.execute(query)).scalar_one() or 0


#: Built once; the ids are filled in.
_FINDABLE = (
    select(Segment, Document)
    .join(Document, _LIVE)
    .where(
        Segment.id.in_(bindparam("ids", expanding=True)),
        Segment.enabled == true(),
        Segment.status == SegmentStatus.COMPLETED,
        Document.withheld == false(),
    )
)


async def findable(session: AsyncSession, segment_ids: Sequence[str]) -> dict[str, tuple[Segment, Document]]:
    """Those of the segments that may be shown in an answer, with their documents, by id."""
    rows = await session.execute(_FINDABLE, {"ids": only_ids(segment_ids)})
    return {row[0].id: (row[0], row[1]) for row in rows}


async def delete_segments(session: AsyncSession, document_ids: Sequence[str]) -> None:
    """Remove all segments of documents, of any edition."""
    await session.execute(delete(Segment).where(Segment.document_id.in_(document_ids)))
