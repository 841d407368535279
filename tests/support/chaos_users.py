"""People who go on working while processes die: they repeat what was not answered, and know what must be there."""

from __future__ import annotations

import asyncio
import json
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

import httpx
import pytest

from tests.support.indexing import RULE, text_of
from tests.support.processes import Installation

_PATIENCE = 120.0
_AGAIN = 0.3
_PER_REQUEST = 40
_SERVER_FAULT = 500


async def insist(ask: Callable[[], Awaitable[httpx.Response]], *accepted: int) -> httpx.Response:
    """Ask until somebody answers with a status that is accepted; only silence and faults of the server are borne."""
    end = time.monotonic() + _PATIENCE
    said = "nothing"
    while time.monotonic() < end:
        try:
            answer = await ask()
        except httpx.TransportError as error:
            said = repr(error)
        else:
            if answer.status_code in accepted:
                return answer
            said = f"{answer.status_code} {answer.text}"
            if answer.status_code < _SERVER_FAULT:
                pytest.fail(f"{answer.request.method} {answer.request.url}: {said}")
        await asyncio.sleep(_AGAIN)
    pytest.fail(f"not answered in {_PATIENCE:.0f} s; at last: {said}")


def make_workspace(installation: Installation, email: str) -> dict[str, str]:
    """A workspace with an owner, by the command; answers what it printed."""
    command = [*installation.program, "create-tenant", "--email", email, "--json"]
    done = subprocess.run(
        command,
        env=installation.environment({}),
        cwd=installation.folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    made: dict[str, str] = json.loads(done.stdout)
    return made


@dataclass(slots=True)
class Librarian:
    """The owner of a workspace, at its console and with a key, and what its one knowledge base must hold."""

    console: httpx.AsyncClient
    public: httpx.AsyncClient
    dataset_id: str = ""
    #: Number of each document that must be there -> the edition of its text.
    editions: dict[int, int] = field(default_factory=dict)

    async def begin(self, email: str, password: str, technique: str) -> None:
        """Log in, make the knowledge base and a key."""
        body = {"email": email, "password": password}
        answer = await insist(lambda: self.console.post("/login", json=body), 200)
        self.console.headers["X-CSRF-Token"] = self.console.cookies["csrf_token"]
        made = {"name": "Ships", "indexing_technique": technique}
        answer = await insist(lambda: self.console.post("/datasets", json=made), 201)
        self.dataset_id = str(answer.json()["id"])
        answer = await insist(lambda: self.console.post("/datasets/api-keys"), 201)
        self.public.headers["Authorization"] = f"Bearer {answer.json()['token']}"

    async def add(self, numbers: Sequence[int]) -> None:
        """Upload these documents, each once, however often the server dies meanwhile."""
        missing = list(numbers)
        end = time.monotonic() + _PATIENCE
        while missing:
            assert time.monotonic() < end, f"{len(missing)} documents could not be uploaded in {_PATIENCE:.0f} s"
            files = [("file", (name_of(one), text_of(one).encode(), "text/plain")) for one in missing[:_PER_REQUEST]]
            try:
                answer = await self.console.post(f"{self._here}/documents/upload", files=files, data={"data": RULE})
                assert answer.status_code == 201 or answer.status_code >= _SERVER_FAULT, answer.text
            except httpx.TransportError:
                await asyncio.sleep(_AGAIN)
            there = await self.ids()
            missing = [one for one in missing if name_of(one) not in there]
        self.editions |= dict.fromkeys(numbers, 1)

    async def ids(self) -> dict[str, str]:
        """The documents that are there: name -> id; a name that is there twice fails."""
        found: dict[str, str] = {}
        page = 1
        while True:
            ask = partial(self.console.get, f"{self._here}/documents", params={"limit": 100, "page": page})
            answer = await insist(ask, 200)
            names = {one["name"]: one["id"] for one in answer.json()["data"]}
            assert not set(names) & set(found), "a document is there twice"
            found |= names
            if not answer.json()["has_more"]:
                return found
            page += 1

    async def update(self, number: int) -> None:
        """Give a document a new text; what is not answered is sent again."""
        document_id = (await self.ids())[name_of(number)]
        self.editions[number] += 1
        body = {"name": name_of(number), "text": text_of(number, self.editions[number])}
        where = f"/datasets/{self.dataset_id}/documents/{document_id}/update-by-text"
        await insist(lambda: self.public.post(where, json=body), 200)

    async def delete(self, number: int) -> None:
        """Delete a document."""
        document_id = (await self.ids())[name_of(number)]
        await insist(lambda: self.console.delete(f"{self._here}/documents/{document_id}"), 204, 404)
        del self.editions[number]

    @property
    def _here(self) -> str:
        return f"/datasets/{self.dataset_id}"


def name_of(number: int) -> str:
    """The name of a document."""
    return f"ship-{number}.txt"


@asynccontextmanager
async def librarian_of(
    address: str, owner: dict[str, str], technique: str = "high_quality"
) -> AsyncIterator[Librarian]:
    """The owner of a workspace that `make_workspace` made, logged in; closed at the end."""
    async with (
        httpx.AsyncClient(base_url=f"{address}/console/api", timeout=20) as console,
        httpx.AsyncClient(base_url=f"{address}/v1", timeout=20) as public,
    ):
        librarian = Librarian(console, public)
        await librarian.begin(owner["email"], owner["password"], technique)
        yield librarian
