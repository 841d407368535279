"""Every query of the slice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, bindparam, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from homeport.features.identity.roles import Role
from homeport.features.identity.tables import (
    Account,
    AccountStatus,
    ApiKey,
    Attempt,
    EndUser,
    Installation,
    KeyKind,
    LoginSession,
    Membership,
    Setup,
    Workspace,
    WorkspaceStatus,
)


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A live session with the account and the membership it stands for."""

    id: str
    csrf_hash: str
    remembered: bool
    idle_seconds: int
    last_seen_at: datetime
    account_id: str
    name: str
    email: str
    workspace_id: str
    role: str


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A dataset key, the account it acts as, and the state of its workspace."""

    id: str
    workspace_id: str
    last_used_at: datetime | None
    account_id: str
    workspace_status: str


_SESSION = (
    select(
        LoginSession.id,
        LoginSession.csrf_hash,
        LoginSession.remembered,
        LoginSession.idle_seconds,
        LoginSession.last_seen_at,
        Account.id.label("account_id"),
        Account.name,
        Account.email,
        Membership.workspace_id,
        Membership.role,
    )
    .join(Account, and_(Account.id == LoginSession.account_id, Account.status == AccountStatus.ACTIVE))
    .join(Membership, and_(Membership.account_id == Account.id, Membership.current))
    .join(Workspace, and_(Workspace.id == Membership.workspace_id, Workspace.status == WorkspaceStatus.NORMAL))
    .where(LoginSession.token_hash == bindparam("token_hash"), LoginSession.expires_at > bindparam("now"))
    .limit(1)
)

_DATASET_KEY = (
    select(
        ApiKey.id,
        ApiKey.workspace_id,
        ApiKey.last_used_at,
        Membership.account_id,
        Workspace.status.label("workspace_status"),
    )
    .join(Workspace, Workspace.id == ApiKey.workspace_id)
    .join(Membership, and_(Membership.workspace_id == ApiKey.workspace_id, Membership.role == Role.OWNER))
    .where(ApiKey.token_hash == bindparam("token_hash"), ApiKey.kind == KeyKind.DATASET)
    .limit(1)
)


_KEY = select(ApiKey).where(ApiKey.token_hash == bindparam("token_hash"))
_END_USER = select(EndUser).where(
    EndUser.app_id == bindparam("app_id"),
    EndUser.type == bindparam("type"),
    EndUser.session_hash == bindparam("session_hash"),
)


async def find_session(session: AsyncSession, token_hash: str, now: datetime) -> SessionRow | None:
    """The live session with this token, its account active and in a workspace."""
    row = (await session.execute(_SESSION, {"token_hash": token_hash, "now": now})).first()
    return None if row is None else SessionRow(*tuple(row))


async def extend_session(session: AsyncSession, session_id: str, seen: datetime, expires: datetime) -> None:
    """Move the end of a session that was just used."""
    await session.execute(
        update(LoginSession).where(LoginSession.id == session_id).values(last_seen_at=seen, expires_at=expires)
    )


async def delete_session(session: AsyncSession, token_hash: str) -> None:
    """End one session."""
    await session.execute(delete(LoginSession).where(LoginSession.token_hash == token_hash))


async def delete_sessions_of(session: AsyncSession, account_id: str, *, except_token_hash: str = "") -> None:
    """End every session of an account, one excepted."""
    await session.execute(
        delete(LoginSession).where(LoginSession.account_id == account_id, LoginSession.token_hash != except_token_hash)
    )


async def delete_expired_sessions(session: AsyncSession, now: datetime) -> None:
    """Forget sessions nobody can use any more."""
    await session.execute(delete(LoginSession).where(LoginSession.expires_at <= now))


async def find_account(session: AsyncSession, account_id: str) -> Account | None:
    """By id."""
    return await session.get(Account, account_id)


async def find_account_by_email(session: AsyncSession, email: str) -> Account | None:
    """`email` in lower case."""
    return (await session.scalars(select(Account).where(Account.email == email))).first()


async def count_sessions(session: AsyncSession, account_id: str) -> int:
    """How many browsers are logged in to an account, sessions that ended by themselves included."""
    counted = await session.scalar(
        select(func.count()).select_from(LoginSession).where(LoginSession.account_id == account_id)
    )
    return counted or 0


async def find_workspace(session: AsyncSession, workspace_id: str) -> Workspace | None:
    """By id."""
    return await session.get(Workspace, workspace_id)


async def lock_workspace(session: AsyncSession, workspace_id: str) -> None:
    """Others who lock it wait until this transaction ends (SQLite lets one write at a time anyway)."""
    await session.execute(select(Workspace.id).where(Workspace.id == workspace_id).with_for_update())


async def find_first_workspace_id(session: AsyncSession) -> str | None:
    """The workspace that the installation began with, also when it is archived by now."""
    oldest = select(Workspace.id).order_by(Workspace.created_at, Workspace.id).limit(1)
    return (await session.execute(oldest)).scalar_one_or_none()


async def find_owner(session: AsyncSession, workspace_id: str) -> Account | None:
    """The active owner of a workspace that is not archived."""
    owner = (Membership.workspace_id == workspace_id, Membership.role == Role.OWNER)
    query = (
        select(Account)
        .join(Membership, Membership.account_id == Account.id)
        .join(Workspace, Workspace.id == Membership.workspace_id)
        .where(Account.status == AccountStatus.ACTIVE, Workspace.status == WorkspaceStatus.NORMAL, *owner)
        .limit(1)
    )
    return (await session.execute(query)).scalar_one_or_none()


async def find_first_owner(session: AsyncSession) -> tuple[Account, str] | None:
    """The owner of the oldest workspace, and its id; None before the first administrator exists."""
    owner = (Membership.role == Role.OWNER, Workspace.status == WorkspaceStatus.NORMAL)
    query = (
        select(Account, Workspace.id)
        .join(Membership, Membership.account_id == Account.id)
        .join(Workspace, Workspace.id == Membership.workspace_id)
        .where(Account.status == AccountStatus.ACTIVE, *owner)
        .order_by(Workspace.id)
        .limit(1)
    )
    row = (await session.execute(query)).one_or_none()
    return None if row is None else (row[0], row[1])


async def find_setup(session: AsyncSession) -> Setup | None:
    """The one row, or None before the first administrator exists."""
    return (await session.scalars(select(Setup).limit(1))).first()


async def find_key_fingerprint(session: AsyncSession) -> str | None:
    """Of the master key the installation was begun with; None before it was begun."""
    return (await session.scalars(select(Installation.key_fingerprint).limit(1))).first()


async def keep_key_fingerprint(session: AsyncSession, fingerprint: str) -> None:
    """From the commit on this key is the right one."""
    kept = (await session.scalars(select(Installation).limit(1))).first()
    if kept is None:
        session.add(Installation(key_fingerprint=fingerprint))
    else:
        kept.key_fingerprint = fingerprint


async def find_oldest_workspace(session: AsyncSession) -> Workspace | None:
    """The first that was made, or None."""
    return (await session.scalars(select(Workspace).order_by(Workspace.id).limit(1))).first()


async def list_workspaces(session: AsyncSession, *, lock: bool = False) -> Sequence[Workspace]:
    """All of them, oldest first; with `lock`, others who lock one wait until this transaction ends."""
    query = select(Workspace).order_by(Workspace.id)
    return (await session.scalars(query.with_for_update() if lock else query)).all()


async def attempts_since(session: AsyncSession, subject_hash: str, since: datetime) -> Sequence[datetime]:
    """When passwords were tried for a subject, oldest first."""
    found = await session.scalars(
        select(Attempt.created_at)
        .where(Attempt.subject_hash == subject_hash, Attempt.created_at > since)
        .order_by(Attempt.created_at)
    )
    return found.all()


async def delete_attempts(session: AsyncSession, subject_hash: str) -> None:
    """Start counting anew for a subject."""
    await session.execute(delete(Attempt).where(Attempt.subject_hash == subject_hash))


async def delete_attempts_with_email(session: AsyncSession, email_hash: str) -> None:
    """Start counting anew for an email, wherever the attempts came from."""
    await session.execute(delete(Attempt).where(Attempt.email_hash == email_hash))


async def delete_attempts_before(session: AsyncSession, moment: datetime) -> None:
    """Forget what no longer counts for anybody."""
    await session.execute(delete(Attempt).where(Attempt.created_at <= moment))


async def find_dataset_key(session: AsyncSession, token_hash: str) -> KeyRow | None:
    """The dataset key with this hash, together with the owner it acts as."""
    row = (await session.execute(_DATASET_KEY, {"token_hash": token_hash})).first()
    return None if row is None else KeyRow(*row)


async def find_key(session: AsyncSession, token_hash: str) -> ApiKey | None:
    """A key of any kind."""
    return (await session.scalars(_KEY, {"token_hash": token_hash})).first()


async def list_keys(session: AsyncSession, kind: KeyKind, workspace_id: str, app_id: str | None) -> Sequence[ApiKey]:
    """Newest first."""
    found = await session.scalars(select(ApiKey).where(_owned(kind, workspace_id, app_id)).order_by(ApiKey.id.desc()))
    return found.all()


async def count_keys(session: AsyncSession, kind: KeyKind, workspace_id: str, app_id: str | None) -> int:
    """How many keys of a kind the workspace, or one of its apps, has."""
    counted = await session.scalar(select(func.count()).select_from(ApiKey).where(_owned(kind, workspace_id, app_id)))
    return counted or 0


async def find_own_key(
    session: AsyncSession, key_id: str, kind: KeyKind, workspace_id: str, app_id: str | None
) -> ApiKey | None:
    """By id, if it belongs to the workspace and app."""
    return (
        await session.scalars(select(ApiKey).where(ApiKey.id == key_id, _owned(kind, workspace_id, app_id)))
    ).first()


async def delete_keys_of_app(session: AsyncSession, app_id: str) -> None:
    """Every key of an app."""
    await session.execute(delete(ApiKey).where(ApiKey.app_id == app_id))


async def touch_key(session: AsyncSession, key_id: str, now: datetime, unless_after: datetime) -> None:
    """Note the use of a key, unless one after `unless_after` is noted already."""
    await session.execute(
        update(ApiKey)
        .where(ApiKey.id == key_id, or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at <= unless_after))
        .values(last_used_at=now)
    )


async def find_end_user(session: AsyncSession, app_id: str, type_: str, session_hash: str) -> EndUser | None:
    """By the name an app's client gave."""
    bound = {"app_id": app_id, "type": type_, "session_hash": session_hash}
    return (await session.scalars(_END_USER, bound)).first()


async def find_end_user_by_id(session: AsyncSession, end_user_id: str) -> EndUser | None:
    """The end user with this id."""
    return await session.get(EndUser, end_user_id)


async def some_end_users(session: AsyncSession, app_id: str, at_most: int) -> Sequence[str]:
    """Ids of people who used an app."""
    return (await session.scalars(select(EndUser.id).where(EndUser.app_id == app_id).limit(at_most))).all()


async def delete_end_users(session: AsyncSession, ids: Sequence[str]) -> None:
    """These people who used an app."""
    await session.execute(delete(EndUser).where(EndUser.id.in_(ids)))


def _owned(kind: KeyKind, workspace_id: str, app_id: str | None) -> ColumnElement[bool]:
    owner = ApiKey.app_id.is_(None) if app_id is None else ApiKey.app_id == app_id
    return and_(ApiKey.kind == kind, ApiKey.workspace_id == workspace_id, owner)
