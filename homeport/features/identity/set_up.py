"""Create the first administrator and their workspace, exactly once."""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from sqlalchemy.exc import IntegrityError

from homeport.features.identity import repository
from homeport.features.identity.errors import AlreadySetUp, InitPasswordWrong
from homeport.features.identity.limit_attempts import count_attempt
from homeport.features.identity.roles import Role
from homeport.features.identity.room import IdentityRoom
from homeport.features.identity.tables import Account, Membership, Setup, Workspace
from homeport.features.identity.tokens import hash_of
from homeport.runtime.db.columns import new_id, utc_now


@dataclass(frozen=True, slots=True)
class FirstAdministrator:
    """Who is to own the installation; `email` in lower case."""

    email: str
    name: str
    password: str
    language: str = "en-US"


async def set_up(room: IdentityRoom, first: FirstAdministrator, *, init_password: str = "", ip: str = "") -> Account:
    """The owner of a new workspace. Raises `AlreadySetUp`, `InitPasswordWrong`, `PasswordNotAccepted`."""
    async with room.database.read() as session:
        if await repository.find_setup(session) is not None:
            raise AlreadySetUp
    await _check_init_password(room, init_password, ip)
    password_hash = await room.passwords.hash(first.password)
    workspace_id = new_id()
    account = Account(
        id=new_id(),
        email=first.email,
        name=first.name,
        password_hash=password_hash,
        interface_language=first.language,
        created_at=utc_now(),
    )
    workspace = Workspace(
        id=workspace_id, name=f"{first.name}'s Workspace", sealed_key=room.vault.new_workspace_key(workspace_id)
    )
    try:
        async with room.database.begin() as session:
            # First of all: whoever comes second waits here for the other's commit, and fails.
            session.add(Setup())
            await session.flush()
            session.add_all([account, workspace])
            await session.flush()
            session.add(Membership(workspace_id=workspace_id, account_id=account.id, role=Role.OWNER, current=True))
    except IntegrityError as error:
        raise AlreadySetUp from error
    return account


async def _check_init_password(room: IdentityRoom, given: str, ip: str) -> None:
    wanted = room.settings.init_password.get_secret_value()
    if not wanted:
        return
    if not given:
        raise InitPasswordWrong(hint="Send it as init_password.")
    await count_attempt(room, hash_of(f"init|{ip}"))
    if not hmac.compare_digest(given.encode(errors="surrogatepass"), wanted.encode()):
        raise InitPasswordWrong("The given init_password is not the INIT_PASSWORD of this server.")
