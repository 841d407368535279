"""A whole wired application in a temporary directory, and people and keys who use it; here or in another process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette

from homeport.entry.api import make_app
from homeport.entry.migrate import migrate_once
from homeport.entry.settings import Settings, read_settings
from homeport.entry.wiring import House
from homeport.runtime.config.sources import Sources

FIRST = {"email": "ada@example.org", "name": "Ada", "password": "correct horse 1"}


@dataclass(slots=True)
class Visitor:
    """Who talks to an installation: the administrator at the console, and programs with keys."""

    console: httpx.AsyncClient
    #: Makes a client of the Service API that sends the given key.
    client: Callable[[str], httpx.AsyncClient]
    _clients: list[httpx.AsyncClient] = field(default_factory=list)

    async def set_up(self) -> None:
        """Make the first administrator and log in."""
        made = await self.console.post("/setup", json=FIRST)
        assert made.status_code == 201, made.text
        await self.log_in()

    async def log_in(self) -> None:
        """Log in; from now on the console client sends its cookie and its CSRF token."""
        answer = await self.console.post("/login", json={name: FIRST[name] for name in ("email", "password")})
        assert answer.status_code == 200, answer.text
        self.console.headers["X-CSRF-Token"] = self.console.cookies["csrf_token"]

    async def dataset_client(self) -> httpx.AsyncClient:
        """A client of the Service API with a new dataset key."""
        answer = await self.console.post("/datasets/api-keys")
        assert answer.status_code == 201, answer.text
        return self._with_key(answer.json()["token"])

    async def app_client(self, app_id: str) -> httpx.AsyncClient:
        """A client of the Service API with a new key of an app."""
        answer = await self.console.post(f"/apps/{app_id}/api-keys")
        assert answer.status_code == 201, answer.text
        return self._with_key(answer.json()["token"])

    def _with_key(self, token: str) -> httpx.AsyncClient:
        self._clients.append(self.client(token))
        return self._clients[-1]

    async def close(self) -> None:
        """Close every client."""
        for client in (self.console, *self._clients):
            await client.aclose()


@asynccontextmanager
async def visiting(address: str) -> AsyncIterator[Visitor]:
    """A visitor of an installation that listens at `address`."""

    def client(token: str) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {token}"}
        return httpx.AsyncClient(base_url=f"{address}/v1", headers=headers, timeout=60)

    visitor = Visitor(httpx.AsyncClient(base_url=f"{address}/console/api", timeout=60), client)
    try:
        yield visitor
    finally:
        await visitor.close()


@dataclass(slots=True)
class TestHouse:
    """The application, what it was wired to, and its visitor."""

    __test__ = False  # the name begins like a test class

    app: Starlette
    settings: Settings
    visitor: Visitor

    @property
    def house(self) -> House:
        """Database, rooms, runner and so on."""
        house: House = self.app.state.house
        return house

    @property
    def console(self) -> httpx.AsyncClient:
        """The browser of the administrator."""
        return self.visitor.console

    def room(self, kind: type[Any]) -> Any:
        """The room of a slice."""
        return self.house.rooms[kind]


@asynccontextmanager
async def open_test_house(data_dir: Path, *, set_up: bool = True, **variables: str) -> AsyncIterator[TestHouse]:
    """The application as `homeport up` has it, without a socket; `variables` as in the environment.

    Jobs run. With `set_up` the administrator exists and is logged in.
    """
    settings = read_settings(Sources({"HOMEPORT_DATA_DIR": str(data_dir), **variables}))
    await migrate_once(settings, data_dir)
    app = make_app(settings, data_dir, sole=settings.database.kind == "sqlite")
    transport = httpx.ASGITransport(app)
    base = "http://homeport.test"

    def client(token: str) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {token}"}
        return httpx.AsyncClient(transport=transport, base_url=f"{base}/v1", headers=headers)

    async with AsyncExitStack() as stack:
        await stack.enter_async_context(app.router.lifespan_context(app))
        visitor = Visitor(httpx.AsyncClient(transport=transport, base_url=f"{base}/console/api"), client)
        stack.push_async_callback(visitor.close)
        if set_up:
            await visitor.set_up()
        yield TestHouse(app, settings, visitor)
