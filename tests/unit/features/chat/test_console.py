"""Talking to an app in the console."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from homeport.features.apps.tables import App as AppRow
from homeport.runtime.db.columns import new_id
from tests.support.chat_app import ChatApp, Events, model, read_events, until
from tests.support.model_server import ModelServer

pytestmark = pytest.mark.asyncio(loop_scope="module")

NOWHERE = "01900000-0000-7000-8000-000000000000"


async def ask(chat: ChatApp, app_id: str, **body: Any) -> Events:
    answer = await chat.console.post(f"/apps/{app_id}/chat-messages", json={"query": "Hello?", **body})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/event-stream")
    return read_events(answer.text)


async def test_a_question_in_the_console_is_streamed_and_kept(everywhere: ChatApp) -> None:
    app = await everywhere.add_app(model("echo"))
    path = f"/apps/{app.id}"

    events = await ask(everywhere, app.id)
    conversation = events.last["conversation_id"]
    again = await ask(everywhere, app.id, conversation_id=conversation, query="More?")

    assert events.names == again.names == ["message", "message_end"]
    listed = (await everywhere.console.get(f"{path}/conversations")).json()
    assert [one["id"] for one in listed["data"]] == [conversation]
    messages = (await everywhere.console.get(f"{path}/messages", params={"conversation_id": conversation})).json()
    assert [one["answer"] for one in messages["data"]] == ["Hello?", "More?"]

    rated = await everywhere.console.post(f"{path}/messages/{events.last['id']}/feedbacks", json={"rating": "like"})
    assert rated.json() == {"result": "success"}
    [feedback] = (await app.client.get("/app/feedbacks")).json()["data"]
    assert (feedback["from_source"], feedback["from_end_user_id"]) == ("admin", None)
    assert feedback["from_account_id"]

    renamed = await everywhere.console.post(f"{path}/conversations/{conversation}/name", json={"name": "Mine"})
    assert renamed.json()["name"] == "Mine"
    assert (await everywhere.console.delete(f"{path}/conversations/{conversation}")).status_code == 204
    assert (await everywhere.console.get(f"{path}/conversations")).json()["data"] == []


async def test_what_end_users_say_is_not_among_ones_own(chat: ChatApp) -> None:
    app = await chat.add_app(model("echo"))
    said = (await app.ask()).json()

    assert (await chat.console.get(f"/apps/{app.id}/conversations")).json()["data"] == []
    query = {"conversation_id": said["conversation_id"]}
    assert (await chat.console.get(f"/apps/{app.id}/messages", params=query)).status_code == 404


async def test_an_answer_is_stopped_in_the_console(chat: ChatApp, models: ModelServer) -> None:
    app = await chat.add_app(model("stall"))
    path = f"/apps/{app.id}/chat-messages"

    async with chat.console.stream("POST", path, json={"query": "Hello?"}) as answer:
        received = answer.aiter_text()
        text = await anext(received)
        task_id = json.loads(text.split("\n\n")[0].removeprefix("data: "))["task_id"]
        stopped = await chat.console.post(f"{path}/{task_id}/stop")
        async for piece in received:
            text += piece

    assert stopped.json() == {"result": "success"}
    assert read_events(text).names == ["message", "message_end"]
    await until(lambda: models.calls_to("/chat/completions")[0].closed_early)


async def test_a_completion_app_runs_in_the_console(chat: ChatApp) -> None:
    form = [{"text-input": {"variable": "text", "required": True}}]
    document = model("echo") | {"user_input_form": form, "pre_prompt": "Say {{text}}"}
    app = await chat.add_app(document, mode="completion")
    path = f"/apps/{app.id}/completion-messages"

    answer = await chat.console.post(path, json={"inputs": {"text": "yes"}})

    assert read_events(answer.text).answer == "Say yes"
    missing = await chat.console.post(path, json={"inputs": {}})
    assert (missing.status_code, missing.json()["message"]) == (400, "text is required in input form")
    wrong = await chat.console.post(f"/apps/{app.id}/chat-messages", json={"query": "Hi"})
    assert (wrong.status_code, wrong.json()["code"]) == (400, "not_chat_app")


async def test_the_app_of_another_workspace_does_not_exist(chat: ChatApp) -> None:
    app = await chat.add_app(model("echo"))
    said = await ask(chat, app.id)
    conversation, message = said.last["conversation_id"], said.last["id"]
    async with chat.house.house.database.begin() as session:
        await session.execute(update(AppRow).where(AppRow.id == app.id).values(workspace_id=new_id()))

    for app_id in (app.id, NOWHERE, "no-uuid"):
        path = f"/apps/{app_id}"
        answers = await asyncio.gather(
            chat.console.get(path),
            chat.console.patch(path, json={"name": "Mine"}),
            chat.console.delete(path),
            chat.console.get(f"{path}/api-keys"),
            chat.console.post(f"{path}/api-keys"),
            chat.console.delete(f"{path}/api-keys/{NOWHERE}"),
            chat.console.post(f"{path}/chat-messages", json={"query": "Hi"}),
            chat.console.post(f"{path}/completion-messages", json={"inputs": {}}),
            chat.console.post(f"{path}/chat-messages/{message}/stop"),
            chat.console.get(f"{path}/conversations"),
            chat.console.delete(f"{path}/conversations/{conversation}"),
            chat.console.post(f"{path}/conversations/{conversation}/name", json={"name": "Mine"}),
            chat.console.get(f"{path}/messages", params={"conversation_id": conversation}),
            chat.console.post(f"{path}/messages/{message}/feedbacks", json={"rating": "like"}),
        )
        told = {(answer.status_code, answer.json()["code"]) for answer in answers}
        assert told == {(404, "not_found")}


async def test_the_console_asks_who_it_is_and_for_the_token(chat: ChatApp) -> None:
    app = await chat.add_app(model("echo"))
    path = f"/apps/{app.id}/chat-messages"

    async with httpx.AsyncClient(base_url=str(chat.console.base_url), timeout=30) as stranger:
        answer = await stranger.post(path, json={"query": "Hi"})
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
    answer = await chat.console.post(path, json={"query": "Hi"}, headers={"X-CSRF-Token": "wrong"})
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")


@pytest.mark.parametrize(
    "body", [{}, {"query": ""}, {"query": "x" * 100_001}, {"query": "Hi", "conversation_id": "x"}, {"query": ["Hi"]}]
)
async def test_a_wrong_question_in_the_console_is_refused(chat: ChatApp, body: dict[str, Any]) -> None:
    app = await chat.add_app(model("echo"))

    answer = await chat.console.post(f"/apps/{app.id}/chat-messages", json=body)

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_param")
