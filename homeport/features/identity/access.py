"""Who is asking: dependencies for the endpoints of every slice."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request, Response
from fastapi.security import APIKeyCookie, HTTPBearer
from sqlalchemy.ext.asyncio import AsyncSession

from homeport.features.identity import keys, repository
from homeport.features.identity.cookies import (
    CSRF_HEADER,
    SESSION_COOKIE,
    read_csrf_cookie,
    read_session_cookie,
    set_cookies,
)
from homeport.features.identity.errors import (
    CsrfTokenInvalid,
    KeyInvalid,
    NotSignedIn,
    WorkspaceArchived,
    WorkspaceNotNamed,
)
from homeport.features.identity.repository import SessionRow
from homeport.features.identity.roles import ADMINISTRATORS, DATASET_EDITORS, EDITORS, Role
from homeport.features.identity.room import IdentityRoom
from homeport.features.identity.tables import WorkspaceStatus
from homeport.features.identity.tokens import hash_of
from homeport.runtime.db.columns import utc_now
from homeport.runtime.errors import Forbidden, Unauthorized
from homeport.runtime.http.provided import provided

ProvidedIdentity = Annotated[IdentityRoom, Depends(provided(IdentityRoom))]

#: These two only tell the OpenAPI document how routes are opened; whether they are is decided below.
DocumentedCookie = Depends(APIKeyCookie(name=SESSION_COOKIE, scheme_name="console_session", auto_error=False))
DocumentedKey = Depends(HTTPBearer(scheme_name="api_key", auto_error=False))

#: Which workspace a program with the administrator's key means.
WORKSPACE_HEADER = "X-WORKSPACE-ID"
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_EXTENDED_EVERY = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody logged in to the console, in the workspace they work in."""

    account_id: str
    workspace_id: str
    role: str
    name: str
    email: str


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """A client of the public API with a dataset key; it acts as the owner of the workspace."""

    key_id: str
    workspace_id: str
    account_id: str


async def _signed_in(
    request: Request, response: Response, room: ProvidedIdentity, _documented: Annotated[object, DocumentedCookie]
) -> Member:
    """The member behind the session cookie; unsafe methods also need the session's CSRF token. One statement.

    With ADMIN_API_KEY_ENABLE, a header `Authorization` stands before the cookie.
    """
    if room.settings.admin_api_key_enable and "Authorization" in request.headers:
        return await _by_admin_key(request, room)
    token = read_session_cookie(request, room.settings)
    if not token:
        raise NotSignedIn
    now = utc_now()
    async with room.database.read() as session:
        found = await repository.find_session(session, hash_of(token), now)
    if found is None:
        raise NotSignedIn("The session has ended; log in again.")
    if request.method not in _SAFE_METHODS:
        given = hash_of(request.headers.get(CSRF_HEADER, ""))
        if not hmac.compare_digest(given, found.csrf_hash):
            raise CsrfTokenInvalid
    if now - found.last_seen_at >= min(_EXTENDED_EVERY, timedelta(seconds=found.idle_seconds) / 10):
        await _extend(room, found, now)
        if found.remembered:
            csrf = read_csrf_cookie(request)
            set_cookies(request, response, room.settings, token=token, csrf=csrf, max_age=found.idle_seconds)
    return Member(found.account_id, found.workspace_id, found.role, found.name, found.email)


async def _by_admin_key(request: Request, room: IdentityRoom) -> Member:
    """The owner of the workspace that a program with the administrator's key names; no browser sends that by itself."""
    expected = room.settings.admin_api_key
    if expected is None or not hmac.compare_digest(hash_of(read_bearer(request)), hash_of(expected.get_secret_value())):
        raise KeyInvalid
    try:
        workspace_id = str(UUID(request.headers.get(WORKSPACE_HEADER, "")))
    except ValueError:
        raise WorkspaceNotNamed from None
    async with room.database.read() as session:
        owner = await repository.find_owner(session, workspace_id)
    if owner is None:
        raise WorkspaceNotNamed
    return Member(owner.id, workspace_id, Role.OWNER, owner.name, owner.email)


async def _extend(room: IdentityRoom, found: SessionRow, now: datetime) -> None:
    async with room.database.begin() as session:
        await repository.extend_session(session, found.id, now, now + timedelta(seconds=found.idle_seconds))


#: Anybody who is logged in.
SignedIn = Annotated[Member, Depends(_signed_in)]


def require_role(member: Member, accepted: frozenset[Role]) -> Member:
    """The member again. Raises `Forbidden` unless their role is one of `accepted`."""
    if member.role not in accepted:
        names = ", ".join(role for role in Role if role in accepted)
        raise Forbidden(f"Your role in this workspace is {member.role}; this needs one of: {names}.")
    return member


async def _editing(member: SignedIn) -> Member:
    return require_role(member, EDITORS)


async def _editing_datasets(member: SignedIn) -> Member:
    return require_role(member, DATASET_EDITORS)


async def _administering(member: SignedIn) -> Member:
    return require_role(member, ADMINISTRATORS)


#: Logged in as owner, administrator or editor.
Editing = Annotated[Member, Depends(_editing)]

#: The same, or as dataset operator.
EditingDatasets = Annotated[Member, Depends(_editing_datasets)]

#: Logged in as owner or administrator.
Administering = Annotated[Member, Depends(_administering)]


async def may_operate(member: Member, session: AsyncSession) -> bool:
    """Whether the member answers for the installation: an owner or administrator of its first workspace."""
    return member.role in ADMINISTRATORS and member.workspace_id == await repository.find_first_workspace_id(session)


async def _operating(member: SignedIn, room: ProvidedIdentity) -> Member:
    async with room.database.read() as session:
        if not await may_operate(member, session):
            raise Forbidden(
                "This is for owners and administrators of the workspace that was made at the set-up.",
                hint="Whoever runs the server can do the same with the command homeport jobs.",
            )
    return member


#: Logged in as somebody who answers for the whole installation, not for one workspace.
Operating = Annotated[Member, Depends(_operating)]


def read_bearer(request: Request) -> str:
    """The key of the header `Authorization: Bearer <key>`. Raises `Unauthorized` with the contract's sentences."""
    header = request.headers.get("Authorization", "")
    scheme, blank, key = header.strip().partition(" ")
    if not blank:
        raise Unauthorized("Authorization header must be provided and start with 'Bearer'")
    if scheme.lower() != "bearer":
        raise Unauthorized("Authorization scheme must be 'Bearer'")
    return key.strip()


async def _dataset_key_holder(
    request: Request, room: ProvidedIdentity, _documented: Annotated[object, DocumentedKey]
) -> KeyHolder:
    token = read_bearer(request)
    async with room.database.read() as session:
        found = await repository.find_dataset_key(session, hash_of(token))
    if found is None:
        raise KeyInvalid
    if found.workspace_status != WorkspaceStatus.NORMAL:
        raise WorkspaceArchived
    await keys.note_use(room.database, found.id, found.last_used_at)
    return KeyHolder(found.id, found.workspace_id, found.account_id)


#: A client with a dataset key. One statement.
DatasetKeyHolder = Annotated[KeyHolder, Depends(_dataset_key_holder)]
