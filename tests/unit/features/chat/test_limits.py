"""The settings of answers hold: how long one may take, how many an app writes at once, how questions are suggested."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from homeport.features.chat.settings import ChatSettings
from tests.support.chat_app import App, ChatApp, model, open_chat_app
from tests.support.model_server import ModelServer

_BODY = {"inputs": {}, "query": "Hello?", "user": "ann", "response_mode": "streaming"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def limited(
    tmp_path_factory: pytest.TempPathFactory, model_site: ModelServer, lasting_database_url: str
) -> AsyncIterator[ChatApp]:
    """The application with the limits of this file, on each database engine."""
    variables = {
        "OPENAI_BASE_URL": model_site.url,
        "APP_MAX_ACTIVE_REQUESTS": "1",
        "SUGGESTED_QUESTIONS_PROMPT": 'Say ["Own?"] and nothing else.',
        "SUGGESTED_QUESTIONS_MAX_TOKENS": "77",
        "SUGGESTED_QUESTIONS_TEMPERATURE": "0.5",
    }
    async with open_chat_app(tmp_path_factory.mktemp("data"), lasting_database_url, set_up=True, **variables) as app:
        yield app


async def test_an_answer_that_takes_too_long_is_stopped_and_kept_as_far_as_it_came(
    tmp_path: Path, model_site: ModelServer
) -> None:
    variables = {"OPENAI_BASE_URL": model_site.url, "APP_MAX_EXECUTION_TIME": "1"}
    async with open_chat_app(tmp_path, set_up=True, **variables) as hasty:
        app = await hasty.add_app(model("stall"))

        for _ in range(5):  # on a busy machine the second may be over before the first word has come
            events = await app.stream()
            if events.answer:
                break
        for _ in range(5):
            whole = await app.ask()
            if whole.json().get("answer"):
                break

    assert events.names == ["message", "message_end"]
    assert events.answer == "Hello"
    assert (whole.status_code, whole.json()["answer"]) == (200, "Hello")


@asynccontextmanager
async def being_answered(app: App) -> AsyncIterator[httpx.Response]:
    """An answer is written while the block lasts."""
    async with app.client.stream("POST", "/chat-messages", json=_BODY) as answer:
        received, text = answer.aiter_text(), ""
        while "\n\n" not in text:
            text += await anext(received)
        task_id = json.loads(text.split("\n\n")[0].removeprefix("data: "))["task_id"]
        yield answer
        await app.client.post(f"/chat-messages/{task_id}/stop", json={"user": "ann"})
        async for _ in received:
            pass


@pytest.mark.asyncio(loop_scope="module")
async def test_an_app_writes_no_more_answers_at_once_than_it_may(limited: ChatApp) -> None:
    app, other = await limited.add_app(model("stall")), await limited.add_app(model("test-chat"))

    async with being_answered(app):
        refused = await app.ask()
        elsewhere = await other.ask()

    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_requests")
    assert "APP_MAX_ACTIVE_REQUESTS" in refused.json()["hint"]
    assert elsewhere.status_code == 200
    async with being_answered(app) as answer:
        assert answer.status_code == 200


@pytest.mark.asyncio(loop_scope="module")
async def test_questions_are_suggested_as_the_settings_say(limited: ChatApp, models: ModelServer) -> None:
    app = await limited.add_app(model("echo") | {"suggested_questions_after_answer": {"enabled": True}})
    said = (await app.ask("What is it?", auto_generate_name=False)).json()
    models.calls.clear()

    answer = await app.client.get(f"/messages/{said['id']}/suggested", params={"user": "ann"})

    assert answer.json()["data"] == ["Own?"]
    [call] = models.calls_to("/chat/completions")
    assert (call.body["max_tokens"], call.body["temperature"]) == (77, 0.5)


@pytest.mark.parametrize(("default", "most", "limit"), [(0, 0, 0), (3, 0, 3), (0, 2, 2), (3, 2, 2), (1, 2, 1)])
def test_the_smaller_of_two_limits_holds_and_0_is_none(default: int, most: int, limit: int) -> None:
    settings = ChatSettings(app_default_active_requests=default, app_max_active_requests=most)
    assert settings.most_at_once == limit
