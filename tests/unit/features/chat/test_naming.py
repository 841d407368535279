"""A new conversation gets the beginning of its question for a name, and a title once the model has answered."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import select

from homeport.features.chat import name_conversation
from homeport.features.chat.delete_conversation import DELETE
from homeport.features.chat.name_conversation import NAME
from homeport.features.chat.tables import Conversation, Message
from homeport.runtime.tasks.tables import Job
from tests.support.chat_app import App, ChatApp, model, until
from tests.support.model_server import ModelServer

pytestmark = pytest.mark.asyncio(loop_scope="module")

QUESTION = "When does the ferry leave?"
TITLE = "The ferry to Port Ellis"
BUILT_IN = model("extractive", provider="extractive")


async def names(app: App, user: str = "ann") -> list[str]:
    answer = await app.client.get("/conversations", params={"user": user})
    return [one["name"] for one in answer.json()["data"]]


async def jobs_about(chat: ChatApp, conversation: str) -> list[tuple[str, str]]:
    """`(id, task)`; the queue stands still in these tests."""
    async with chat.house.house.database.read() as session:
        rows = await session.execute(select(Job.id, Job.task).where(Job.subject_id == conversation).order_by(Job.id))
        return [(row.id, row.task) for row in rows]


async def test_the_first_answer_is_followed_by_a_title(everywhere: ChatApp) -> None:
    app = await everywhere.add_app(model("title"))
    conversation = (await app.ask(QUESTION)).json()["conversation_id"]
    await app.ask("And when does it come back?", conversation_id=conversation)

    assert await names(app) == [QUESTION]
    [(job_id, task)] = await jobs_about(everywhere, conversation)
    assert task == NAME.name
    assert await everywhere.house.house.runner.run(job_id)
    assert await names(app) == [TITLE]


async def test_a_conversation_in_the_console_gets_a_title_too(chat: ChatApp) -> None:
    app = await chat.add_app(model("title"))
    path = f"/apps/{app.id}"
    await chat.console.post(f"{path}/chat-messages", json={"query": QUESTION, "inputs": {}})

    [row] = (await chat.console.get(f"{path}/conversations")).json()["data"]
    [(job_id, _)] = await jobs_about(chat, row["id"])
    assert await chat.house.house.runner.run(job_id)
    [row] = (await chat.console.get(f"{path}/conversations")).json()["data"]
    assert row["name"] == TITLE


async def test_no_title_is_asked_for_where_none_is_wanted_or_none_can_be_had(chat: ChatApp) -> None:
    writing = await chat.add_app(model("title"))
    failing = await chat.add_app(model("fail-400"))
    completing = await chat.add_app(model("title"), mode="completion")
    quoting = await chat.add_app(BUILT_IN)
    body = {"inputs": {"query": QUESTION}, "user": "ann"}
    await writing.ask(QUESTION, auto_generate_name=False)
    await writing.ask("   ")
    await failing.ask(QUESTION)
    assert (await completing.client.post("/completion-messages", json=body)).status_code == 200
    assert (await quoting.ask(QUESTION)).status_code == 200

    async with chat.house.house.database.read() as session:
        ids = [app.id for app in (writing, failing, completing, quoting)]
        found = (await session.scalars(select(Conversation.id).where(Conversation.app_id.in_(ids)))).all()
    assert len(found) == 5
    for conversation in found:
        assert await jobs_about(chat, conversation) == []


async def test_whoever_wishes_a_name_gets_the_title_at_once(everywhere: ChatApp) -> None:
    app = await everywhere.add_app(model("title"))
    conversation = (await app.ask(QUESTION)).json()["conversation_id"]
    renamed = await app.client.post(f"/conversations/{conversation}/name", json={"user": "ann", "auto_generate": True})
    assert (renamed.status_code, renamed.json()["name"], renamed.json()["id"]) == (200, TITLE, conversation)
    assert await names(app) == [TITLE]


async def test_in_the_console_too(chat: ChatApp) -> None:
    app = await chat.add_app(model("title"))
    path = f"/apps/{app.id}"
    await chat.console.post(f"{path}/chat-messages", json={"query": QUESTION, "inputs": {}})
    [row] = (await chat.console.get(f"{path}/conversations")).json()["data"]
    renamed = await chat.console.post(f"{path}/conversations/{row['id']}/name", json={"auto_generate": True})
    assert (renamed.status_code, renamed.json()["name"]) == (200, TITLE)


@pytest.mark.parametrize("broken", ["fail-503", "fail-401", "drop-midway", "garbage"])
async def test_a_model_that_fails_leaves_the_beginning_of_the_question(chat: ChatApp, broken: str) -> None:
    app = await chat.add_app(model("echo"))
    conversation = (await app.ask(QUESTION)).json()["conversation_id"]
    changed = await chat.console.patch(f"/apps/{app.id}", json={"model_config": model(broken)})
    assert changed.status_code == 200
    renamed = await app.client.post(f"/conversations/{conversation}/name", json={"user": "ann", "auto_generate": True})
    assert (renamed.status_code, renamed.json()["name"]) == (200, QUESTION)


async def test_nobody_waits_for_a_model_that_does_not_answer_and_no_connection_is_held(
    chat: ChatApp, models: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = await chat.add_app(model("echo"))
    conversation = (await app.ask(QUESTION)).json()["conversation_id"]
    await chat.console.patch(f"/apps/{app.id}", json={"model_config": model("hang")})
    models.calls.clear()
    path, body = f"/conversations/{conversation}/name", {"user": "ann", "auto_generate": True}
    monkeypatch.setattr(name_conversation, "_PATIENCE", 60.0)  # not over while one looks
    wish = asyncio.create_task(app.client.post(path, json=body))
    await until(lambda: bool(models.calls_to("/chat/completions")))
    await until(lambda: chat.connections_in_use == 0)
    models.drop_connections()
    assert (await wish).json()["name"] == QUESTION
    monkeypatch.setattr(name_conversation, "_PATIENCE", 0.5)
    renamed = await app.client.post(path, json=body)
    assert (renamed.status_code, renamed.json()["name"]) == (200, QUESTION)


async def test_a_deleted_conversation_is_hidden_before_its_job_has_run(everywhere: ChatApp) -> None:
    app = await everywhere.add_app(model("echo") | {"suggested_questions_after_answer": {"enabled": True}})
    said = (await app.ask(QUESTION, auto_generate_name=False)).json()
    conversation, message = said["conversation_id"], said["message_id"]
    await app.client.post(f"/messages/{message}/feedbacks", json={"user": "ann", "rating": "like"})
    params = {"user": "ann", "conversation_id": conversation}

    deleted = await app.client.delete(f"/conversations/{conversation}", params={"user": "ann"})

    assert (deleted.status_code, deleted.content) == (204, b"")
    assert await names(app) == []
    assert (await app.client.get("/app/feedbacks")).json()["data"] == []
    refused = (
        await app.client.get("/messages", params=params),
        await app.ask(conversation_id=conversation),
        await app.client.post(f"/conversations/{conversation}/name", json={"user": "ann", "name": "New"}),
        await app.client.post(f"/conversations/{conversation}/name", json={"user": "ann", "auto_generate": True}),
        await app.client.delete(f"/conversations/{conversation}", params={"user": "ann"}),
        await app.client.post(f"/messages/{message}/feedbacks", json={"user": "ann", "rating": None}),
        await app.client.get(f"/messages/{message}/suggested", params={"user": "ann"}),
    )
    assert [(answer.status_code, answer.json()["code"]) for answer in refused] == [(404, "not_found")] * len(refused)

    [(job_id, task)] = await jobs_about(everywhere, conversation)
    assert task == DELETE.name
    assert await everywhere.house.house.runner.run(job_id)
    async with everywhere.house.house.database.read() as session:
        assert (await session.scalars(select(Message.id).where(Message.app_id == app.id))).all() == []
        assert (await session.scalars(select(Conversation.id).where(Conversation.app_id == app.id))).all() == []


async def test_an_answer_that_ends_after_its_conversation_was_deleted_brings_nothing_back(
    chat: ChatApp, models: ModelServer
) -> None:
    app = await chat.add_app(model("slow"))
    models.calls.clear()
    answering = asyncio.create_task(app.ask(QUESTION))
    await until(lambda: bool(models.calls_to("/chat/completions")))
    [row] = (await app.client.get("/conversations", params={"user": "ann"})).json()["data"]
    await app.client.delete(f"/conversations/{row['id']}", params={"user": "ann"})
    [(job_id, _)] = await jobs_about(chat, row["id"])
    assert await chat.house.house.runner.run(job_id)
    answering.cancel()
    await until(lambda: models.calls_to("/chat/completions")[0].closed_early)

    async with chat.house.house.database.read() as session:
        assert (await session.scalars(select(Message.id).where(Message.app_id == app.id))).all() == []
    assert [task for _, task in await jobs_about(chat, row["id"])] == [DELETE.name]
