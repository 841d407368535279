"""Know the users of an app by the names its client gives them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from homeport.features.identity import repository
from homeport.features.identity.tables import EndUser
from homeport.features.identity.tokens import hash_of
from homeport.runtime.errors import InvalidInput

EndUserType = Literal["service-api", "web-app", "browser"]

#: Whom a client means that names nobody.
ANONYMOUS = "DEFAULT-USER"

_LONGEST = 255


async def find_end_user(
    session: AsyncSession, app_id: str, user: str | None, type_: EndUserType = "service-api"
) -> EndUser | None:
    """The end user with this name, or None. Raises `InvalidInput` for a name that cannot be one."""
    return await repository.find_end_user(session, app_id, type_, hash_of(_checked(user)))


async def find_or_create_end_user(
    session: AsyncSession, workspace_id: str, app_id: str, user: str | None, type_: EndUserType = "service-api"
) -> EndUser:
    """The end user with this name, made now when new; without a name the app's one anonymous user.

    `session` must be a writing one. Raises `InvalidInput` for a name that cannot be one.
    """
    name = _checked(user)
    found = await repository.find_end_user(session, app_id, type_, hash_of(name))
    if found is not None:
        return found
    made = EndUser(
        workspace_id=workspace_id,
        app_id=app_id,
        type=type_,
        session_id=name,
        session_hash=hash_of(name),
        external_user_id=None if user is None else name,
        is_anonymous=name == ANONYMOUS,
    )
    try:
        async with session.begin_nested():
            session.add(made)
    except IntegrityError:
        found = await repository.find_end_user(session, app_id, type_, hash_of(name))
        if found is None:
            raise
        return found
    return made


async def some_end_users(session: AsyncSession, app_id: str, at_most: int) -> Sequence[str]:
    """The ids of up to so many users of an app, in no order."""
    return await repository.some_end_users(session, app_id, at_most)


async def forget_end_users(session: AsyncSession, end_user_ids: Sequence[str]) -> None:
    """Delete users of an app that has been deleted."""
    await repository.delete_end_users(session, end_user_ids)


def _checked(user: str | None) -> str:
    name = user or ANONYMOUS
    if len(name) > _LONGEST or "\x00" in name:
        raise InvalidInput(f"user must be a text of at most {_LONGEST} characters without NUL.")
    return name
