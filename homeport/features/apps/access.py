"""Who calls the public API: the app behind a key. And which app a page of the console is about."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends
from starlette.requests import Request

from homeport.features.apps import repository
from homeport.features.apps.errors import AppNotFound
from homeport.features.apps.published import Published, by_key
from homeport.features.apps.room import AppsRoom
from homeport.features.identity import keys
from homeport.features.identity.access import DocumentedKey, SignedIn, read_bearer
from homeport.runtime.errors import InvalidInput
from homeport.runtime.http.provided import provided

ProvidedApps = Annotated[AppsRoom, Depends(provided(AppsRoom))]


async def _app(request: Request, room: ProvidedApps, _documented: Annotated[object, DocumentedKey]) -> Published:
    token = read_bearer(request)
    async with room.database.read() as session:
        key, app = await by_key(session, room.configurations, token)
    await keys.note_use(room.database, key.id, key.last_used_at)
    return app


#: The app of the request's key. Opens and closes a session of its own: nothing is held while a model thinks.
CallingApp = Annotated[Published, Depends(_app)]


async def _own_app(member: SignedIn, room: ProvidedApps, app_id: UUID) -> str:
    async with room.database.read() as session:
        if not await repository.exists(session, str(app_id), member.workspace_id):
            raise AppNotFound
    return str(app_id)


#: The id of the path, of an app of the member's workspace.
OwnApp = Annotated[str, Depends(_own_app)]


async def _user(request: Request) -> str | None:
    return request.query_params.get("user") or None


#: The query parameter `user`.
OptionalUser = Annotated[str | None, Depends(_user)]


def require_user(user: str | None) -> str:
    """The client's user; raises when it is missing or empty."""
    if not user:
        raise InvalidInput("Arg user must be provided.")
    return user
