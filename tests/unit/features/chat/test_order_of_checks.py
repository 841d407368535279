"""Each check of the contract comes in its turn: key, app, switch, workspace, user, mode, body."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import update

from homeport.features.apps.tables import App as AppRow
from homeport.features.identity.tables import Workspace
from tests.support.chat_app import ChatApp

pytestmark = pytest.mark.asyncio(loop_scope="module")

ID = "01900000-0000-7000-8000-000000000000"
READ = ["/parameters", "/info", "/meta", "/site", "/messages", "/conversations", f"/messages/{ID}/suggested"]
WRITE = [
    "/chat-messages",
    "/completion-messages",
    f"/chat-messages/{ID}/stop",
    f"/completion-messages/{ID}/stop",
    f"/messages/{ID}/feedbacks",
    f"/conversations/{ID}/name",
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stranger(chat: ChatApp) -> AsyncIterator[httpx.AsyncClient]:
    """A program without a key."""
    async with httpx.AsyncClient(base_url=f"{chat.address}/v1", timeout=30) as client:
        yield client


def told(answer: httpx.Response) -> tuple[int, str]:
    body: dict[str, Any] = answer.json()
    assert set(body) - {"hint"} == {"code", "message", "status"}
    assert body["status"] == answer.status_code
    return answer.status_code, body["code"]


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (None, "Authorization header must be provided and start with 'Bearer'"),
        ("app-nothing", "Authorization header must be provided and start with 'Bearer'"),
        ("Basic app-nothing", "Authorization scheme must be 'Bearer'"),
        ("Bearer app-nothing", "Access token is invalid"),
        ("bearer app-nothing", "Access token is invalid"),
    ],
)
async def test_without_a_valid_key_nothing_else_is_looked_at(
    stranger: httpx.AsyncClient, header: str | None, message: str
) -> None:
    headers = {"Authorization": header} if header else {}
    answers = [await stranger.get(path, headers=headers) for path in READ]
    broken = headers | {"Content-Type": "application/json"}
    answers += [await stranger.post(path, headers=broken, content=b"{broken") for path in WRITE]
    answers.append(await stranger.delete(f"/conversations/{ID}", headers=headers))

    for answer in answers:
        assert told(answer) == (401, "unauthorized"), answer.request.url
        assert answer.json()["message"].rstrip(".") == message.rstrip(".")
        assert answer.headers["www-authenticate"] == 'Bearer realm="api"'


async def test_a_key_of_the_other_kind_is_no_key(chat: ChatApp) -> None:
    datasets = await chat.visitor.dataset_client()
    app = await chat.add_app()

    assert told(await datasets.get("/parameters")) == (401, "unauthorized")
    assert told(await app.client.get("/datasets")) == (401, "unauthorized")


async def test_a_switched_off_app_an_odd_status_and_an_archived_workspace_are_forbidden(chat: ChatApp) -> None:
    app = await chat.add_app()
    database = chat.house.house.database

    await chat.console.patch(f"/apps/{app.id}", json={"enable_api": False})
    off = await app.client.post("/chat-messages", json={})
    assert told(off) == (403, "forbidden")
    assert off.json()["message"] == "The app's API service has been disabled."

    await chat.console.patch(f"/apps/{app.id}", json={"enable_api": True})
    async with database.begin() as session:
        await session.execute(update(AppRow).where(AppRow.id == app.id).values(status="odd"))
    odd = await app.client.post("/chat-messages", json={})
    assert (told(odd), odd.json()["message"]) == ((403, "forbidden"), "The app's status is abnormal.")

    async with database.begin() as session:
        await session.execute(update(AppRow).where(AppRow.id == app.id).values(status="normal"))
        await session.execute(update(Workspace).values(status="archive"))
    archived = await app.client.post("/chat-messages", json={})
    async with database.begin() as session:
        await session.execute(update(Workspace).values(status="normal"))
    assert (told(archived), archived.json()["message"]) == ((403, "forbidden"), "The workspace is archived.")


async def test_the_user_is_asked_for_before_the_mode_and_the_mode_before_the_body(chat: ChatApp) -> None:
    app = await chat.add_app()

    nobody: list[dict[str, Any]] = [{}, {"user": ""}, {"user": None, "inputs": {}}]
    for body in nobody:
        answer = await app.client.post("/completion-messages", json=body)
        assert told(answer) == (400, "invalid_param")
        assert answer.json()["message"] == "Arg user must be provided."
    assert told(await app.client.post("/completion-messages", json={"user": "ann"})) == (400, "app_unavailable")
    answer = await app.client.post("/chat-messages", json={"user": "ann"})
    assert told(answer) == (400, "invalid_param")
    assert answer.json()["message"] == "inputs is required."


async def test_chat_routes_are_not_for_completion_apps(chat: ChatApp) -> None:
    app = await chat.add_app(mode="completion")

    assert told(await app.client.post("/chat-messages", json={"user": "ann"})) == (400, "not_chat_app")
    for path in ("/messages", "/conversations"):
        assert told(await app.client.get(path, params={"user": "ann"})) == (400, "not_chat_app")
    suggested = f"/messages/{ID}/suggested"
    assert (await app.client.get(suggested)).json()["message"] == "Arg user must be provided."
    assert told(await app.client.get(suggested, params={"user": "ann"})) == (400, "not_chat_app")
    assert told(await app.client.delete(f"/conversations/{ID}")) == (400, "not_chat_app")
    assert told(await app.client.post(f"/conversations/{ID}/name", json={"name": "x"})) == (400, "not_chat_app")
    rated = await app.client.post(f"/messages/{ID}/feedbacks", json={"user": "ann", "rating": "like"})
    assert told(rated) == (404, "not_found")


async def test_unknown_addresses_and_methods_are_answered_in_the_envelope(
    chat: ChatApp, stranger: httpx.AsyncClient
) -> None:
    app = await chat.add_app()

    assert told(await stranger.get("/nothing")) == (404, "not_found")
    assert told(await app.client.put("/chat-messages")) == (405, "method_not_allowed")
    assert told(await app.client.get("/messages/no-uuid/suggested")) == (404, "not_found")
    assert told(await chat.console.get("/nothing")) == (404, "not_found")
    async with httpx.AsyncClient(base_url=chat.address, timeout=30) as browser:
        assert told(await browser.post("/health")) == (405, "method_not_allowed")
