"""Create a workspace with an owner of its own, as an operator does."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from homeport.features.identity import repository
from homeport.features.identity.errors import EmailTaken
from homeport.features.identity.roles import Role
from homeport.features.identity.room import IdentityRoom
from homeport.features.identity.tables import Account, Membership, Setup, Workspace
from homeport.runtime.db.columns import new_id


@dataclass(frozen=True, slots=True)
class NewOwner:
    """Who is to own the workspace; `email` in lower case."""

    email: str
    name: str
    password: str
    language: str = "en-US"


async def create_workspace(room: IdentityRoom, owner: NewOwner, name: str) -> str:
    """A workspace and the account that owns it; answers the workspace's id.

    It counts as the set-up where there was none: otherwise a stranger could still become the first administrator.
    Raises `EmailTaken`, `PasswordNotAccepted`, `MasterKeyWrong`.
    """
    password_hash = await room.passwords.hash(owner.password)
    workspace_id, account_id = new_id(), new_id()
    workspace = Workspace(id=workspace_id, name=name, sealed_key=room.vault.new_workspace_key(workspace_id))
    account = Account(
        id=account_id,
        email=owner.email,
        name=owner.name,
        password_hash=password_hash,
        interface_language=owner.language,
    )
    try:
        async with room.database.begin() as session:
            if await repository.find_account_by_email(session, owner.email) is not None:
                raise EmailTaken(owner.email)
            session.add_all([account, workspace])
            await session.flush()
            session.add(Membership(workspace_id=workspace_id, account_id=account_id, role=Role.OWNER, current=True))
            await _note_setup(session)
    except IntegrityError as error:  # somebody took it at the same moment
        raise EmailTaken(owner.email) from error
    return workspace_id


async def _note_setup(session: AsyncSession) -> None:
    if await repository.find_setup(session) is None:
        with contextlib.suppress(IntegrityError):  # noted at the same moment by somebody else
            async with session.begin_nested():
                session.add(Setup())
