"""Every query of the slice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from homeport.features.files.tables import UploaderRole, UploadFile
from homeport.features.identity.tables import Workspace


async def find(session: AsyncSession, file_id: str) -> UploadFile | None:
    """By id, of any workspace."""
    return await session.get(UploadFile, file_id)


async def find_many(session: AsyncSession, workspace_id: str, file_ids: Iterable[str]) -> Sequence[UploadFile]:
    """Those of the workspace."""
    wanted = list(file_ids)
    found = await session.scalars(
        select(UploadFile).where(UploadFile.workspace_id == workspace_id, UploadFile.id.in_(wanted))
    )
    return found.all()


async def known_ids(session: AsyncSession, file_ids: Iterable[str]) -> Sequence[str]:
    """Those that have a row, in any workspace."""
    return (await session.scalars(select(UploadFile.id).where(UploadFile.id.in_(list(file_ids))))).all()


async def known_keys(session: AsyncSession, keys: Iterable[str]) -> Sequence[str]:
    """Those that a row tells of."""
    return (await session.scalars(select(UploadFile.key).where(UploadFile.key.in_(list(keys))))).all()


async def known_workspaces(session: AsyncSession, workspace_ids: Iterable[str]) -> Sequence[str]:
    """Those that this database has."""
    return (await session.scalars(select(Workspace.id).where(Workspace.id.in_(list(workspace_ids))))).all()


async def find_of_end_users(
    session: AsyncSession, end_user_ids: Iterable[str], at_most: int
) -> Sequence[tuple[str, str]]:
    """`(id, key)` of files that these end users handed over and nobody else uses."""
    own = or_(UploadFile.used_by.is_(None), UploadFile.used_by == UploadFile.created_by)
    query = select(UploadFile.id, UploadFile.key).where(
        UploadFile.created_by.in_(list(end_user_ids)), UploadFile.created_by_role == UploaderRole.END_USER, own
    )
    return [(row.id, row.key) for row in await session.execute(query.limit(at_most))]


async def mark_used(session: AsyncSession, file_ids: Iterable[str], used_by: str, now: datetime) -> None:
    """Note the first use of each."""
    await session.execute(
        update(UploadFile)
        .where(UploadFile.id.in_(list(file_ids)), UploadFile.used.is_(False))
        .values(used=True, used_by=used_by, used_at=now)
    )


async def delete_many(session: AsyncSession, file_ids: Iterable[str]) -> None:
    """The rows; the blobs are not looked at."""
    await session.execute(delete(UploadFile).where(UploadFile.id.in_(list(file_ids))))
