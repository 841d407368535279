"""Issue, verify, list and revoke the keys of the public API."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy.ext.asyncio import AsyncSession

from homeport.features.identity import repository
from homeport.features.identity.errors import TooManyKeys
from homeport.features.identity.tables import ApiKey, KeyKind
from homeport.features.identity.tokens import hash_of, hint_of, new_key
from homeport.runtime.db.columns import new_id, utc_now
from homeport.runtime.db.database import Database
from homeport.runtime.errors import NotFound

Kind = Literal["app", "dataset"]

_MOST_KEYS = 10
_NOTED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A key at the only moment it is known in full."""

    id: str
    token: str
    created_at: datetime


async def issue_key(session: AsyncSession, kind: Kind, workspace_id: str, app_id: str | None = None) -> IssuedKey:
    """A new key for the datasets of a workspace, or for one app. Raises `TooManyKeys` when there are ten."""
    await repository.lock_workspace(session, workspace_id)
    if await repository.count_keys(session, KeyKind(kind), workspace_id, app_id) >= _MOST_KEYS:
        raise TooManyKeys
    token = new_key(kind)
    key = ApiKey(
        id=new_id(),
        kind=kind,
        token_hash=hash_of(token),
        token_hint=hint_of(token),
        workspace_id=workspace_id,
        app_id=app_id,
        created_at=utc_now(),
    )
    session.add(key)
    await session.flush()
    return IssuedKey(key.id, token, key.created_at)


async def verify_key(session: AsyncSession, token: str, kind: Kind | None = None) -> ApiKey | None:
    """The key whose text is `token`; None when it is unknown, revoked or not of the `kind`."""
    key = await repository.find_key(session, hash_of(token))
    return key if key is not None and kind in {None, key.kind} else None


async def list_keys(
    session: AsyncSession, kind: Kind, workspace_id: str, app_id: str | None = None
) -> Sequence[ApiKey]:
    """The keys of a workspace's datasets or of one app, newest first."""
    return await repository.list_keys(session, KeyKind(kind), workspace_id, app_id)


async def revoke_key(
    session: AsyncSession, key_id: str, kind: Kind, workspace_id: str, app_id: str | None = None
) -> None:
    """Delete a key; it opens nothing from the commit on. Raises `NotFound`, also for a key of somebody else."""
    key = await repository.find_own_key(session, key_id, KeyKind(kind), workspace_id, app_id)
    if key is None:
        raise NotFound("There is no such API key.")
    await session.delete(key)


async def revoke_keys_of_app(session: AsyncSession, app_id: str) -> None:
    """Delete every key of an app that is being deleted."""
    await repository.delete_keys_of_app(session, app_id)


async def note_use(database: Database, key_id: str, last_used_at: datetime | None) -> None:
    """Keep when a key was last used, to the minute. Most calls find that nothing is to do."""
    now = utc_now()
    if last_used_at is None or last_used_at <= now - _NOTED_EVERY:
        async with database.begin() as session:
            await repository.touch_key(session, key_id, now, unless_after=now - _NOTED_EVERY)
