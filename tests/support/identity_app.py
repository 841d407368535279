"""A small application with people, sessions and keys, over a real database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from argon2 import PasswordHasher
from fastapi import APIRouter, FastAPI

from homeport.features.identity.access import Administering, DatasetKeyHolder, Editing, EditingDatasets, SignedIn
from homeport.features.identity.endpoints import console
from homeport.features.identity.passwords import Passwords
from homeport.features.identity.roles import Role
from homeport.features.identity.room import IdentityRoom
from homeport.features.identity.settings import IdentitySettings
from homeport.features.identity.tables import Account, Membership, Workspace
from homeport.features.identity.vault import Vault
from homeport.runtime.db.columns import new_id
from homeport.runtime.db.database import Database
from homeport.runtime.db.tables import Table
from homeport.runtime.http import problems

EMAIL = "ada@example.org"
PASSWORD = "correct horse 1"
FIRST = {"email": EMAIL, "name": "Ada", "password": PASSWORD}

#: As weak as it gets: the tests look at what is done with hashes, not at their cost.
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)

probes = APIRouter()


@probes.get("/v1/probe")
async def _with_dataset_key(holder: DatasetKeyHolder) -> dict[str, str]:
    return {"workspace_id": holder.workspace_id, "account_id": holder.account_id, "key_id": holder.key_id}


@probes.get("/probe/signed-in")
@probes.post("/probe/signed-in")
async def _signed_in(member: SignedIn) -> dict[str, str]:
    return {"workspace_id": member.workspace_id, "role": member.role}


@probes.get("/probe/editing")
async def _editing(member: Editing) -> str:
    return member.role


@probes.get("/probe/editing-datasets")
async def _editing_datasets(member: EditingDatasets) -> str:
    return member.role


@probes.get("/probe/administering")
async def _administering(member: Administering) -> str:
    return member.role


@dataclass(frozen=True, slots=True)
class IdentityApp:
    """The application and the room it works with."""

    app: FastAPI
    room: IdentityRoom

    def browser(self, base_url: str = "http://homeport.test", ip: str = "192.0.2.1") -> httpx.AsyncClient:
        """A client with its own cookies."""
        transport = httpx.ASGITransport(self.app, client=(ip, 40000))
        return httpx.AsyncClient(transport=transport, base_url=base_url)

    async def add_person(self, email: str, role: Role, workspace_id: str | None = None) -> str:
        """An account with `PASSWORD`, a member of the workspace (of a new one by default); answers its id."""
        password_hash = await self.room.passwords.hash(PASSWORD)
        async with self.room.database.begin() as session:
            if workspace_id is None:
                workspace_id = new_id()
                session.add(Workspace(id=workspace_id, name=email, sealed_key=self.room.vault.new_workspace_key("x")))
            account = Account(id=new_id(), email=email, name=email, password_hash=password_hash)
            session.add(account)
            await session.flush()
            session.add(Membership(workspace_id=workspace_id, account_id=account.id, role=role, current=True))
        return workspace_id


@asynccontextmanager
async def open_identity_app(url: str, **settings: Any) -> AsyncIterator[IdentityApp]:
    """The application over the empty database at `url`; its tables are made."""
    database = Database(url)
    async with database.engine.begin() as connection:
        await connection.run_sync(Table.metadata.create_all)
    room = IdentityRoom(database, IdentitySettings.model_validate(settings), Vault(b"a secret"), Passwords(CHEAP))
    app = FastAPI()
    app.include_router(console.router, prefix="/console/api")
    app.include_router(probes)
    problems.install(app)
    app.state.provided = {Database: database, IdentityRoom: room}
    try:
        yield IdentityApp(app, room)
    finally:
        await database.close()


async def log_in(browser: httpx.AsyncClient, email: str = EMAIL, password: str = PASSWORD) -> None:
    """Log the browser in; from then on it sends its CSRF token."""
    answer = await browser.post("/console/api/login", json={"email": email, "password": password})
    assert answer.status_code == 200, answer.text
    browser.headers["X-CSRF-Token"] = browser.cookies["csrf_token"]
