"""Whatever arrives is answered with the contract's status and a sentence, and nothing is half written."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from homeport.features.chat.tables import Conversation, Message
from tests.support.chat_app import App, ChatApp, model
from tests.support.model_server import ModelServer

pytestmark = pytest.mark.asyncio(loop_scope="module")

GOOD = {"inputs": {}, "query": "Hello?", "user": "ann"}


def told(answer: httpx.Response) -> tuple[int, str]:
    body: dict[str, Any] = answer.json()
    assert body["status"] == answer.status_code
    assert body["message"].strip()
    return answer.status_code, body["code"]


async def rows(chat: ChatApp, app: App) -> int:
    """Conversations and messages of the app."""
    async with chat.house.house.database.read() as session:
        counts = [
            (await session.execute(select(func.count()).where(table.app_id == app.id))).scalar_one()
            for table in (Conversation, Message)
        ]
    return sum(counts)


@pytest.mark.parametrize(
    ("content", "kind", "status", "code"),
    [
        (b"", "application/json", 400, "bad_request"),
        (b"{broken", "application/json", 400, "bad_request"),
        (b"\xff\xfe", "application/json", 400, "bad_request"),
        (b"[" * 100_000, "application/json", 400, "bad_request"),
        (b'{"query": "\\ud800"}', "application/json", 400, "bad_request"),
        (b"[]", "application/json", 400, "invalid_param"),
        (b"null", "application/json", 400, "invalid_param"),
        (b'"text"', "application/json", 400, "invalid_param"),
        (b"query=Hello", "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
        (b"{}", "", 415, "unsupported_media_type"),
    ],
)
async def test_a_body_that_is_no_json_object_is_refused(
    chat: ChatApp, content: bytes, kind: str, status: int, code: str
) -> None:
    app = await chat.add_app(model("test-chat"))

    for path in ("/chat-messages", "/chat-messages/x/stop", "/conversations/01900000-0000-7000-8000-000000000000/name"):
        answer = await app.client.post(path, content=content, headers={"Content-Type": kind})
        assert told(answer) == (status, code), path
    assert await rows(chat, app) == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"inputs": None}, "inputs: Input should be a valid dictionary."),
        ({"inputs": []}, "inputs: Input should be a valid dictionary."),
        ({"query": None}, "query: Input should be a valid string."),
        ({"query": ""}, "query: String should have at least 1 character."),
        ({"query": "\x00\x00"}, "query: String should have at least 1 character."),
        ({"query": 7}, "query: Input should be a valid string."),
        ({"response_mode": "quick"}, "response_mode: Input should be 'blocking' or 'streaming'."),
        ({"conversation_id": "seven"}, None),
        ({"files": "none"}, "files: Input should be a valid list."),
        ({"user": ["ann"]}, "user: Input should be a valid string."),
        ({"user": "a\x00b"}, None),
        ({"user": "a" * 256}, None),
    ],
)
async def test_a_wrong_value_is_named_in_one_sentence(
    chat: ChatApp, change: dict[str, Any], message: str | None
) -> None:
    app = await chat.add_app(model("test-chat"))

    answer = await app.client.post("/chat-messages", json=GOOD | change)

    assert told(answer) == (400, "invalid_param")
    if message:
        assert answer.json()["message"] == message
    assert await rows(chat, app) == 0


async def test_nuls_are_taken_out_of_questions_and_inputs(everywhere: ChatApp, models: ModelServer) -> None:
    form = [{"json_object": {"variable": "facts", "label": "Facts"}}, {"text-input": {"variable": "name"}}]
    app = await everywhere.add_app(model("echo") | {"user_input_form": form})
    inputs = {"facts": {"a\x00": ["b\x00"]}, "name": "\x00Ann"}

    answer = await app.ask("He\x00llo", inputs=inputs)

    assert answer.json()["answer"] == "Hello"
    listed = (await app.client.get("/conversations", params={"user": "ann"})).json()["data"]
    assert listed[0]["inputs"] == {"facts": {"a": ["b"]}, "name": "Ann"}


async def test_texts_that_are_kept_as_given_must_be_storable(everywhere: ChatApp) -> None:
    app = await everywhere.add_app(model("echo"))
    said = (await app.ask()).json()
    message, conversation = said["message_id"], said["conversation_id"]

    rating = {"user": "ann", "rating": "like", "content": "so\x00so"}
    assert told(await app.client.post(f"/messages/{message}/feedbacks", json=rating)) == (400, "invalid_param")
    name = {"user": "ann", "name": "a\x00b"}
    assert told(await app.client.post(f"/conversations/{conversation}/name", json=name)) == (400, "invalid_param")
    assert told(await app.client.get("/conversations", params={"user": "a\x00"})) == (400, "invalid_param")
    half = b'{"name": "\\ud83d"}'
    headers = {"Content-Type": "application/json"}
    assert told(await everywhere.console.post("/apps", content=half, headers=headers)) == (400, "invalid_param")
    assert told(await everywhere.console.post("/apps", json={"name": "a\x00"})) == (400, "invalid_param")
    nul = {"model_config": {"opening_statement": "\x00"}}
    assert told(await everywhere.console.patch(f"/apps/{app.id}", json=nul)) == (400, "invalid_param")


async def test_texts_of_any_script_and_size_come_back_as_they_went(everywhere: ChatApp) -> None:
    app = await everywhere.add_app(model("echo"))
    query = "Grüße 世界 🎉 \u202e \\ \" ' {{x}} " + "lang " * 40_000

    answer = await app.ask(query)

    conversation = answer.json()["conversation_id"]
    listed = await app.client.get("/messages", params={"user": "ann", "conversation_id": conversation})
    [message] = listed.json()["data"]
    assert message["query"] == query
    assert message["answer"] == answer.json()["answer"] == query


async def test_a_user_may_be_a_number(chat: ChatApp) -> None:
    app = await chat.add_app(model("test-chat"))

    assert (await app.ask(user=7)).status_code == 200
    assert len((await app.client.get("/conversations", params={"user": "7"})).json()["data"]) == 1


@pytest.mark.parametrize("declared", [True, False])
async def test_a_body_of_200_megabytes_is_refused_before_it_is_read(chat: ChatApp, declared: bool) -> None:
    app = await chat.add_app(model("test-chat"))
    size = 200 * 1024 * 1024
    block = b" " * 1024 * 1024

    async def blocks() -> Any:
        for _ in range(200):
            yield block
            await asyncio.sleep(0)

    headers = {"Content-Type": "application/json"} | ({"Content-Length": str(size)} if declared else {})
    answer = await app.client.post("/chat-messages", content=blocks(), headers=headers)

    assert told(answer) == (413, "file_too_large")


async def test_an_app_that_takes_files_says_that_models_get_none_yet(chat: ChatApp) -> None:
    files = [{"type": "image", "transfer_method": "remote_url", "url": "https://example.org/a.png"}]
    ignoring = await chat.add_app(model("test-chat"))
    assert (await ignoring.ask(files=files)).status_code == 200

    taking = await chat.add_app(model("test-chat") | {"file_upload": {"image": {"enabled": True}}})
    assert told(await taking.ask(files=files)) == (400, "invalid_param")
    assert (await taking.ask(files=[])).status_code == 200
