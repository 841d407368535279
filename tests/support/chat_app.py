"""The whole application behind a real socket, with apps, end users and a model server to talk to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from sqlalchemy.engine import make_url

from homeport.features.chat.room import ChatRoom
from tests.support.house import TestHouse, Visitor, open_test_house

#: A JSON object.
Document = dict[str, Any]


def database_variables(url: str) -> dict[str, str]:
    """The environment that means the database at `url`; nothing for SQLite, which lies in the data directory."""
    address = make_url(url)
    kind = address.get_backend_name()
    if kind == "sqlite":
        return {}
    return {
        "DB_TYPE": kind,
        "DB_HOST": address.host or "",
        "DB_PORT": str(address.port or ""),
        "DB_USERNAME": address.username or "",
        "DB_PASSWORD": address.password or "",
        "DB_DATABASE": address.database or "",
    }


def model(name: str, provider: str = "langgenius/openai/openai", **parameters: Any) -> Document:
    """A configuration that answers with this model."""
    return {"model": {"provider": provider, "name": name, "mode": "chat", "completion_params": parameters}}


@dataclass(slots=True)
class Events:
    """A stream as it came: the payload of every event, and how many pings there were."""

    data: list[Document]
    pings: int

    @property
    def names(self) -> list[str]:
        """The events' names, each run of equal ones as one."""
        names = [one["event"] for one in self.data]
        return [name for name, before in zip(names, [None, *names], strict=False) if name != before]

    @property
    def answer(self) -> str:
        """The text that was streamed."""
        return "".join(one["answer"] for one in self.data if one["event"] == "message")

    @property
    def last(self) -> Document:
        """The last event."""
        return self.data[-1]


def read_events(text: str) -> Events:
    """Parse a whole stream; every block must be an event or a ping."""
    assert text.endswith("\n\n"), text[-80:]
    blocks = text.removesuffix("\n\n").split("\n\n")
    pings = [block for block in blocks if block == "event: ping"]
    assert all(block.startswith("data: {") and "\n" not in block for block in blocks if block != "event: ping")
    return Events([json.loads(block[6:]) for block in blocks if block.startswith("data: ")], len(pings))


@dataclass(slots=True)
class App:
    """An app, and a program with its key."""

    id: str
    client: httpx.AsyncClient

    async def ask(self, query: str = "Hello?", **body: Any) -> httpx.Response:
        """Ask as a program does; streamed answers are collected."""
        whole = {"inputs": {}, "query": query, "user": "ann", **body}
        return await self.client.post("/chat-messages", json=whole)

    async def stream(self, query: str = "Hello?", **body: Any) -> Events:
        """The events of a streamed answer."""
        answer = await self.ask(query, response_mode="streaming", **body)
        assert answer.status_code == 200, answer.text
        return read_events(answer.text)


@dataclass(slots=True)
class ChatApp:
    """The installation."""

    house: TestHouse
    visitor: Visitor
    address: str

    @property
    def console(self) -> httpx.AsyncClient:
        """The administrator's browser."""
        return self.visitor.console

    @property
    def connections_in_use(self) -> int:
        """Database connections taken from the pools."""
        database = self.house.house.database
        return sum(engine.pool.checkedout() for engine in {database.engine, database._reader})  # type: ignore[attr-defined]

    async def add_app(self, document: Document | None = None, mode: str = "chat", **fields: Any) -> App:
        """A new app with this configuration, and a client with its key."""
        made = await self.console.post("/apps", json={"name": "Helper", "mode": mode, **fields})
        assert made.status_code == 201, made.text
        app_id = made.json()["id"]
        if document:
            changed = await self.console.patch(f"/apps/{app_id}", json={"model_config": document})
            assert changed.status_code == 200, changed.text
        return App(app_id, await self.visitor.app_client(app_id))

    @contextmanager
    def pinging_every(self, seconds: float) -> Iterator[None]:
        """Make silent streams say so after `seconds`."""
        rooms = self.house.house.rooms
        before = rooms[ChatRoom]
        rooms[ChatRoom] = replace(before, ping_seconds=seconds)
        yield
        rooms[ChatRoom] = before


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """The test runner keeps its own signals."""
        yield


@asynccontextmanager
async def open_chat_app(
    data_dir: Path, database_url: str = "sqlite://", *, set_up: bool = True, **variables: str
) -> AsyncIterator[ChatApp]:
    """The application listening on loopback; with `set_up` over an empty database, the administrator is logged in."""
    async with AsyncExitStack() as stack:
        house = await stack.enter_async_context(
            open_test_house(data_dir, set_up=set_up, **database_variables(database_url), **variables)
        )
        config = uvicorn.Config(
            house.app, host="127.0.0.1", port=0, http="httptools", ws="none", lifespan="off", log_config=None
        )
        server = _Server(config)
        serving = asyncio.create_task(server.serve())
        stack.push_async_callback(_stop, server, serving)
        await until(lambda: server.started)
        port = server.servers[0].sockets[0].getsockname()[1]
        address = f"http://127.0.0.1:{port}"

        def client(token: str) -> httpx.AsyncClient:
            headers = {"Authorization": f"Bearer {token}"}
            return httpx.AsyncClient(base_url=f"{address}/v1", headers=headers, timeout=30)

        headers, cookies = house.console.headers, house.console.cookies
        console = httpx.AsyncClient(base_url=f"{address}/console/api", headers=headers, timeout=30)
        for name, value in cookies.items():
            console.cookies.set(name, value)
        visitor = Visitor(console, client)
        stack.push_async_callback(visitor.close)
        yield ChatApp(house, visitor, address)


async def _stop(server: uvicorn.Server, serving: asyncio.Task[None]) -> None:
    server.should_exit = server.force_exit = True
    await serving


async def until(happened: Callable[[], bool], seconds: float = 10) -> None:
    """Wait without blocking the loop until it has happened."""
    async with asyncio.timeout(seconds):
        while not happened():  # noqa: ASYNC110 (what is waited for happens in another thread, too)
            await asyncio.sleep(0.005)
