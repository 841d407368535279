"""Queries on datasets that nobody uses, and on their owners."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, delete, exists, false, func, insert, or_, select, true, update
from sqlalchemy.ext.asyncio import AsyncSession

from homeport.features.identity.roles import Role
from homeport.features.identity.tables import Account, AccountStatus, Membership
from homeport.features.knowledge.repository.datasets import changed
from homeport.features.knowledge.tables import (
    Dataset,
    Document,
    IndexingStatus,
    Segment,
    SegmentStatus,
    SwitchedOffDocument,
)
from homeport.runtime.db.columns import new_id, utc_now

AnyRow = Row[*tuple[Any, ...]]

#: On its way, held up, or with an older text that is still found: nothing to take away from under somebody's hands.
_UNDER_WAY = or_(
    Document.indexing_status.not_in((IndexingStatus.COMPLETED, IndexingStatus.ERROR)),
    and_(Document.indexing_status == IndexingStatus.ERROR, Document.edition > 0),
)
_IN_USE = and_(
    Document.indexing_status == IndexingStatus.COMPLETED, Document.enabled == true(), Document.archived == false()
)


def _untouched(before: datetime) -> ColumnElement[bool]:
    return and_(
        Dataset.updated_at < before,
        func.coalesce(Dataset.searched_at, Dataset.created_at) < before,
        Dataset.available_document_count > 0,
    )


def _changed_document(before: datetime) -> ColumnElement[bool]:
    return or_(Document.updated_at >= before, _UNDER_WAY)


async def find_unused(session: AsyncSession, before: datetime, after: str, limit: int) -> list[tuple[str, str]]:
    """`(id, workspace id)` of datasets that were neither searched nor changed since then, behind the id `after`."""
    changed_one = exists().where(Document.dataset_id == Dataset.id, _changed_document(before))
    query = select(Dataset.id, Dataset.workspace_id).where(_untouched(before), ~changed_one)
    if after:
        query = query.where(Dataset.id > after)
    return [(row.id, row.workspace_id) for row in await session.execute(query.order_by(Dataset.id).limit(limit))]


async def switch_off_documents(
    session: AsyncSession, workspace_id: str, dataset_id: str, before: datetime
) -> int | None:
    """Disable what can be found, note that no document has points, and who is to be told of it.

    Answers how many were disabled; None, with nothing changed, when one was changed since `before`.
    """
    mine = Document.dataset_id == dataset_id
    # The documents first and the dataset last, as everywhere: whoever waits for each other waits for ever.
    held = select(Document.id, _changed_document(before).label("busy"), _IN_USE.label("found")).where(mine)
    rows = (await session.execute(held.order_by(Document.id).with_for_update())).all()
    if any(row.busy for row in rows):
        return None
    now = utc_now()
    completed = Document.indexing_status == IndexingStatus.COMPLETED
    off = {"enabled": False, "disabled_at": now, "disabled_by": None, "withheld": True}
    await changed(session, update(Document).where(mine, completed).values(unindexed=True))
    await changed(session, update(Document).where(mine, _IN_USE).values(off))
    failed = select(Document.id).where(mine, Document.indexing_status == IndexingStatus.ERROR)
    await changed(session, update(Segment).where(Segment.document_id.in_(failed)).values(status=SegmentStatus.WAITING))
    found = [row.id for row in rows if row.found]
    notes = [
        {
            "id": new_id(),
            "workspace_id": workspace_id,
            "dataset_id": dataset_id,
            "document_id": document_id,
            "notified": False,
            "created_at": now,
        }
        for document_id in found
    ]
    if notes:
        await session.execute(insert(SwitchedOffDocument), notes)
    return len(found)


async def switch_off_dataset(session: AsyncSession, dataset_id: str, before: datetime, count: int) -> str | None:
    """Give the dataset an empty collection; answers the one it had, None when it was used since `before`."""
    mine = (Dataset.id == dataset_id, _untouched(before))
    old = (await session.execute(select(Dataset.collection).where(*mine).with_for_update())).scalar_one_or_none()
    if old is None:
        return None
    await changed(
        session,
        update(Dataset)
        .where(Dataset.id == dataset_id)
        .values(
            collection=new_id(),
            embedding_dimension=None,
            available_document_count=Dataset.available_document_count - count,
            withheld_document_count=Dataset.withheld_document_count + count,
            updated_at=Dataset.updated_at,
        ),
    )
    return old


async def index_again(session: AsyncSession, document_ids: Sequence[str]) -> None:
    """Let the segments in service of these documents count as not in the index."""
    edition = select(Document.edition).where(Document.id == Segment.document_id).scalar_subquery()
    mine = (Segment.document_id.in_(document_ids), Segment.edition == edition)
    await changed(session, update(Segment).where(*mine).values(status=SegmentStatus.WAITING))


async def workspaces_to_tell(session: AsyncSession, limit: int) -> list[str]:
    """Workspaces with documents whose owners have not been told yet."""
    query = select(SwitchedOffDocument.workspace_id).where(SwitchedOffDocument.notified == false())
    return list((await session.execute(query.distinct().limit(limit))).scalars())


async def untold(session: AsyncSession, workspace_ids: Sequence[str]) -> list[AnyRow]:
    """`(workspace_id, name, noted, still_off)` per knowledge base; the name is None for one that is gone."""
    noted, mine = SwitchedOffDocument, SwitchedOffDocument.workspace_id.in_(workspace_ids)
    off = (Document.id == noted.document_id) & (Document.enabled == false())
    query: Select[*tuple[Any, ...]] = (
        select(
            noted.workspace_id,
            Dataset.name,
            func.count(noted.id).label("noted"),
            func.count(Document.id).label("still_off"),
        )
        .outerjoin(Dataset, Dataset.id == noted.dataset_id)
        .outerjoin(Document, off)
        .where(mine, noted.notified == false())
        .group_by(noted.workspace_id, noted.dataset_id, Dataset.name)
        .order_by(noted.workspace_id, Dataset.name)
    )
    return list((await session.execute(query)).all())


async def note_told(session: AsyncSession, workspace_ids: Sequence[str]) -> int:
    """Nobody has to be told of these any more; answers of how many documents."""
    mine = (SwitchedOffDocument.workspace_id.in_(workspace_ids), SwitchedOffDocument.notified == false())
    return await changed(session, update(SwitchedOffDocument).where(*mine).values(notified=True))


async def forget_notes(session: AsyncSession, dataset_id: str) -> None:
    """The dataset is gone."""
    await session.execute(delete(SwitchedOffDocument).where(SwitchedOffDocument.dataset_id == dataset_id))


async def owners(session: AsyncSession, workspace_ids: Sequence[str]) -> list[tuple[str, str]]:
    """`(workspace id, address)` of everybody who owns one of them and may log in."""
    query = (
        select(Membership.workspace_id, Account.email)
        .join(Account, Account.id == Membership.account_id)
        .where(
            Membership.workspace_id.in_(workspace_ids),
            Membership.role == Role.OWNER,
            Account.status == AccountStatus.ACTIVE,
        )
    )
    return [(row.workspace_id, row.email) for row in await session.execute(query)]
