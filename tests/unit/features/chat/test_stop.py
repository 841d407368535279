"""An answer can be stopped by the one who asked for it, by nobody else, whatever the model is doing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from homeport.features.chat.room import ChatRoom
from homeport.features.chat.stop import Stops
from homeport.runtime.broadcast.local import LocalBroadcast
from tests.support.chat_app import App, ChatApp, Events, model, open_chat_app, read_events, until
from tests.support.model_server import ModelServer

pytestmark = pytest.mark.asyncio(loop_scope="module")

_BODY = {"inputs": {}, "query": "Hello?", "user": "ann", "response_mode": "streaming"}


async def stop(app: App, task_id: str, user: str = "ann") -> None:
    answer = await app.client.post(f"/chat-messages/{task_id}/stop", json={"user": user})
    assert (answer.status_code, answer.json()) == (200, {"result": "success"})


async def first_event(received: AsyncIterator[str]) -> tuple[str, str]:
    """The text up to the first whole event, and the event's task."""
    text = ""
    async for piece in received:
        text += piece
        if "\n\n" in text:
            break
    return text, json.loads(text.split("\n\n")[0].removeprefix("data: "))["task_id"]


async def read_and_stop(app: App, *users: str) -> Events:
    """The events of an answer that these users stop, one after the other, once it has begun."""
    async with app.client.stream("POST", "/chat-messages", json=_BODY) as answer:
        received = answer.aiter_text()
        text, task_id = await first_event(received)
        for user in users:
            await stop(app, task_id, user)
        async for piece in received:
            text += piece
    return read_events(text)


async def test_a_stopped_answer_ends_properly_with_what_was_produced(chat: ChatApp, models: ModelServer) -> None:
    app = await chat.add_app(model("slow"))

    events = await read_and_stop(app, "ann")

    assert events.names == ["message", "message_end"]
    assert 0 < len(events.answer.split()) < 200
    [asked] = models.calls_to("/chat/completions")
    await asyncio.to_thread(models.wait_until, lambda: asked.closed_early)
    listed = await app.client.get(
        "/messages", params={"user": "ann", "conversation_id": events.last["conversation_id"]}
    )
    [message] = listed.json()["data"]
    assert (message["answer"], message["status"], message["error"]) == (events.answer, "normal", None)


async def test_an_answer_stops_while_the_model_is_silent(chat: ChatApp, models: ModelServer) -> None:
    app = await chat.add_app(model("stall"))

    events = await read_and_stop(app, "ann")

    assert events.names == ["message", "message_end"]
    assert events.answer == "Hello"
    await until(lambda: models.calls_to("/chat/completions")[0].closed_early)


async def test_another_user_does_not_stop_the_answer(chat: ChatApp) -> None:
    app = await chat.add_app(model("echo"))
    app_of_slow = await chat.add_app(model("slow"))

    async with app_of_slow.client.stream("POST", "/chat-messages", json=_BODY) as answer:
        received = answer.aiter_text()
        text, task_id = await first_event(received)
        await stop(app_of_slow, task_id, "bob")
        await stop(app, task_id, "ann")  # the same name at another app is somebody else
        while '"word9 "' not in text:  # half a second later it is still being written
            text += await anext(received)


async def test_stopping_what_is_unknown_or_over_is_no_error(chat: ChatApp) -> None:
    app = await chat.add_app(model("test-chat"))
    answered = (await app.ask()).json()

    for task_id in (answered["task_id"], "01900000-0000-7000-8000-000000000000", "no-uuid"):
        await stop(app, task_id)


async def test_stop_needs_a_user(chat: ChatApp) -> None:
    app = await chat.add_app(model("test-chat"))

    nobody: list[dict[str, Any]] = [{}, {"user": None}, {"user": ""}]
    for body in nobody:
        answer = await app.client.post("/chat-messages/x/stop", json=body)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_param")
        assert answer.json()["message"] == "Arg user must be provided."


async def test_a_whole_answer_that_is_stopped_is_answered_as_far_as_it_came(chat: ChatApp, models: ModelServer) -> None:
    app = await chat.add_app(model("slow"))
    stops: Stops = chat.house.room(ChatRoom).stops

    asking = asyncio.create_task(app.ask())
    await until(lambda: bool(stops._running) and bool(models.calls_to("/chat/completions")))
    [task_id] = stops._running
    await asyncio.sleep(0.5)  # what has come so far is seen nowhere else
    await stop(app, task_id)
    answer = await asking

    assert answer.status_code == 200
    assert 0 < len(answer.json()["answer"].split()) < 200


async def test_completions_are_stopped_at_their_own_address(chat: ChatApp) -> None:
    app = await chat.add_app(model("slow"), mode="completion")
    body = {"inputs": {}, "query": "Write", "user": "ann", "response_mode": "streaming"}

    async with app.client.stream("POST", "/completion-messages", json=body) as answer:
        received = answer.aiter_text()
        text, task_id = await first_event(received)
        await app.client.post(f"/completion-messages/{task_id}/stop", json={"user": "ann"})
        async for piece in received:
            text += piece

    assert read_events(text).names == ["message", "message_end"]


async def test_an_answer_written_by_another_process_is_stopped_through_its_row(
    everywhere: ChatApp, models: ModelServer
) -> None:
    app = await everywhere.add_app(model("slow"))
    room: ChatRoom = everywhere.house.room(ChatRoom)
    room.stops._replicas = True
    elsewhere = Stops(everywhere.house.house.database, LocalBroadcast(), replicas=True)

    async with app.client.stream("POST", "/chat-messages", json=_BODY) as answer:
        received = answer.aiter_text()
        text, task_id = await first_event(received)
        _, task = room.stops._running[task_id]
        person = room.stops._running[task_id][0]
        await elsewhere.stop(task_id, app.id, "01900000-0000-7000-8000-000000000000")
        await elsewhere.stop(task_id, app.id, person)
        async for piece in received:
            text += piece

    assert task.done()
    events = read_events(text)
    assert events.names == ["message", "message_end"]
    assert len(events.answer.split()) < 200


async def test_shutting_down_saves_what_was_answered_so_far(tmp_path: Path, models: ModelServer, chat: ChatApp) -> None:
    async with open_chat_app(tmp_path, OPENAI_BASE_URL=models.url) as closing:
        app = await closing.add_app(model("slow"))
        stops: Stops = closing.house.room(ChatRoom).stops
        async with app.client.stream("POST", "/chat-messages", json=_BODY) as answer:
            received = answer.aiter_text()
            text, _ = await first_event(received)
            await stops.close()
            async for piece in received:
                text += piece

    assert read_events(text).names == ["message", "message_end"]
    assert stops._running == {}
