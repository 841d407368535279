"""What a program sees of an answer, streamed and whole, and what happens when something goes wrong in the middle."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager

import httpx
import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from homeport.features.chat.tables import Message
from tests.support.chat_app import App, ChatApp, model, read_events, until
from tests.support.model_server import ModelServer

pytestmark = pytest.mark.asyncio(loop_scope="module")

_USAGE = [
    "prompt_tokens",
    "prompt_unit_price",
    "prompt_price_unit",
    "prompt_price",
    "completion_tokens",
    "completion_unit_price",
    "completion_price_unit",
    "completion_price",
    "total_tokens",
    "total_price",
    "currency",
    "latency",
    "time_to_first_token",
    "time_to_generate",
]


async def test_a_streamed_answer_has_the_events_and_keys_of_the_contract_in_their_order(chat: ChatApp) -> None:
    app = await chat.add_app(model("test-chat"))

    answer = await app.ask(response_mode="streaming")
    events = read_events(answer.text)

    assert answer.headers["content-type"].startswith("text/event-stream")
    assert events.names == ["message", "message_end"]
    first, last = events.data[0], events.last
    keys = ["event", "conversation_id", "message_id", "created_at", "task_id", "id"]
    assert list(first) == [*keys, "answer", "from_variable_selector"]
    assert first["from_variable_selector"] is None
    assert first["id"] == first["message_id"] == last["id"]
    assert events.data[-2]["answer"] == ""
    assert events.answer == "".join(f"word{n} " for n in range(8))
    assert list(last) == [*keys, "metadata", "files"]
    assert last["files"] is None
    assert list(last["metadata"]) == ["annotation_reply", "retriever_resources", "usage"]
    assert list(last["metadata"]["usage"]) == _USAGE
    assert last["metadata"]["usage"]["completion_tokens"] == 8
    assert {one["conversation_id"] for one in events.data} == {first["conversation_id"]}


async def test_a_whole_answer_has_the_keys_of_the_contract_in_their_order(chat: ChatApp) -> None:
    app = await chat.add_app(model("test-chat"))

    for mode in ({}, {"response_mode": None}, {"response_mode": "blocking"}):
        answer = await app.ask(**mode)
        assert answer.status_code == 200
        body = answer.json()
        assert list(body) == [
            "event",
            "task_id",
            "id",
            "message_id",
            "conversation_id",
            "mode",
            "answer",
            "metadata",
            "created_at",
        ]
        assert (body["event"], body["mode"]) == ("message", "chat")
        assert body["answer"] == "".join(f"word{n} " for n in range(8))
        assert list(body["metadata"]["usage"]) == _USAGE


async def test_every_answer_carries_the_version_and_the_ids_of_its_request(chat: ChatApp) -> None:
    app = await chat.add_app(model("test-chat"))
    headers = {"X-Trace-Id": "trace-7", "Origin": "https://elsewhere.example"}

    answer = await app.client.get("/parameters", headers=headers)

    assert answer.headers["x-trace-id"] == "trace-7"
    assert answer.headers["x-version"]
    assert answer.headers["x-env"]
    assert answer.headers["x-request-id"]
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["access-control-expose-headers"] == "X-Env, X-Trace-Id, X-Version"


@pytest.mark.parametrize("provider", ["langgenius/openai/openai", "langgenius/openai", "openai"])
async def test_every_form_of_a_providers_name_means_the_provider(chat: ChatApp, provider: str) -> None:
    app = await chat.add_app(model("echo", provider))

    assert (await app.ask("So it is")).json()["answer"] == "So it is"


async def test_an_app_without_a_model_answers_with_the_one_of_the_environment(
    chat: ChatApp, models: ModelServer
) -> None:
    app = await chat.add_app()

    await app.ask("Hello?")

    [call] = models.calls_to("/chat/completions")
    assert call.headers["authorization"] == "Bearer sk-test-1234567890"
    assert call.body["model"] == "cite"  # the first the server lists


async def test_parameters_of_the_app_reach_the_model_with_an_opaque_user(chat: ChatApp, models: ModelServer) -> None:
    app = await chat.add_app(model("test-chat", temperature=0.25, max_tokens=64, stop=["END"]))

    await app.ask(user="ann@example.org")

    [call] = models.calls_to("/chat/completions")
    assert (call.body["temperature"], call.body["max_tokens"], call.body["stop"]) == (0.25, 64, ["END"])
    assert "ann@example.org" not in str(call.body)


@pytest.mark.parametrize(
    ("behaviour", "status", "code"),
    [
        ("fail-400", 400, "completion_request_error"),
        ("fail-401", 400, "provider_not_initialize"),
        ("fail-402", 400, "provider_quota_exceeded"),
        ("fail-404", 400, "model_currently_not_support"),
    ],
)
async def test_an_error_of_the_model_is_told_with_the_contracts_code(
    chat: ChatApp, behaviour: str, status: int, code: str
) -> None:
    app = await chat.add_app(model(behaviour))

    whole = await app.ask()
    assert (whole.status_code, whole.json()["code"], whole.json()["status"]) == (status, code, status)
    assert "sk-test" not in whole.text

    events = await app.stream()
    assert events.names == ["error"]
    keys = ["event", "conversation_id", "message_id", "created_at", "code", "status", "message"]
    assert [key for key in events.last if key != "hint"] == keys
    assert (events.last["code"], events.last["status"]) == (code, status)


async def test_a_model_that_asks_to_wait_makes_the_answer_say_how_long(chat: ChatApp) -> None:
    app = await chat.add_app(model("fail-429"))

    answer = await app.ask()

    assert (answer.status_code, answer.json()["code"]) == (429, "rate_limit_error")
    assert answer.headers["retry-after"] == "1"


@pytest.mark.parametrize("behaviour", ["error-in-stream", "drop-midway", "ends-early"])
async def test_an_answer_that_breaks_off_ends_with_an_error_and_keeps_what_came(chat: ChatApp, behaviour: str) -> None:
    app = await chat.add_app(model(behaviour))

    events = await app.stream()

    assert events.names == ["message", "error"]
    assert events.answer == "Hello, world"
    assert "task_id" not in events.last
    message = await saved(chat, app)
    assert (message.status, message.answer) == ("error", "Hello, world")
    assert message.error


async def test_a_fault_of_ours_in_the_middle_shows_no_details(chat: ChatApp, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("a secret detail")

    monkeypatch.setattr("homeport.features.chat.write_answer.make_prompt", broken)
    app = await chat.add_app(model("test-chat"))

    with capture_logs() as logs:
        events = await app.stream()

    assert events.names == ["error"]
    assert (events.last["code"], events.last["message"]) == ("internal_server_error", "Internal Server Error")
    assert (await saved(chat, app)).error == "Internal Server Error"
    assert [line["event"] for line in logs if line["log_level"] == "error"] == ["request raised"]
    with capture_logs() as logs:
        whole = await app.ask()
    assert [line["event"] for line in logs if line["log_level"] == "error"] == ["request raised"]
    assert (whole.status_code, whole.json()["code"]) == (500, "internal_server_error")
    assert "secret" not in whole.text


async def test_a_silent_stream_says_that_it_is_still_there(chat: ChatApp) -> None:
    app = await chat.add_app(model("stall"))

    with chat.pinging_every(0.02):
        async with streaming(app) as answer:
            received = ""
            async for text in answer.aiter_text():
                received += text
                if received.count("event: ping\n\n") >= 3:
                    break

    assert received.startswith("data: ")
    assert '"answer":"Hello"' in received


async def test_no_database_connection_is_held_while_a_model_answers(everywhere: ChatApp, models: ModelServer) -> None:
    app = await everywhere.add_app(model("stall"))

    async with streaming(app) as answer:
        await anext(answer.aiter_text())
        await until(lambda: everywhere.connections_in_use == 0)  # those of what runs in the background may be in use
    await until(lambda: models.calls_to("/chat/completions")[0].closed_early)


async def test_a_client_that_leaves_stops_the_model_and_what_came_is_saved(chat: ChatApp, models: ModelServer) -> None:
    app = await chat.add_app(model("slow"))

    async with streaming(app) as answer:
        async for text in answer.aiter_text():
            if '"word2 "' in text:
                break

    await until(lambda: models.calls_to("/chat/completions")[0].closed_early)
    message = await ended(chat, app)
    assert message.status == "stopped"
    assert message.answer.startswith("word0 word1 word2 ")


async def test_a_client_that_leaves_before_the_first_word_stops_the_model(chat: ChatApp, models: ModelServer) -> None:
    app = await chat.add_app(model("hang"))

    async with streaming(app):
        await until(lambda: bool(models.calls_to("/chat/completions")))

    await until(lambda: models.calls_to("/chat/completions")[0].closed_early)
    assert (await ended(chat, app)).status == "stopped"


async def test_a_client_that_does_not_wait_for_a_whole_answer_stops_the_model(
    chat: ChatApp, models: ModelServer
) -> None:
    app = await chat.add_app(model("stall"))

    asking = asyncio.create_task(app.ask("Hi"))
    await until(lambda: bool(models.calls_to("/chat/completions")))
    asking.cancel()
    await asyncio.wait([asking])

    await until(lambda: models.calls_to("/chat/completions")[0].closed_early)
    assert (await ended(chat, app)).status == "stopped"


async def test_without_any_model_the_built_in_answerer_says_so(chat: ChatApp) -> None:
    app = await chat.add_app(model("extractive", "homeport/extractive"))

    events = await app.stream("What is it?")

    assert events.names == ["message", "message_end"]
    assert "No model is configured" in events.answer


def streaming(app: App) -> AbstractAsyncContextManager[httpx.Response]:
    """A streamed answer that is read by hand."""
    body = {"inputs": {}, "query": "Hello?", "user": "ann", "response_mode": "streaming"}
    return app.client.stream("POST", "/chat-messages", json=body)


async def saved(chat: ChatApp, app: App) -> Message:
    """The app's one message."""
    async with chat.house.house.database.read() as session:
        return (await session.execute(select(Message).where(Message.app_id == app.id))).scalar_one()


async def ended(chat: ChatApp, app: App) -> Message:
    """The app's one message, once it is no longer written."""
    message = await saved(chat, app)
    while message.status == "running":
        await asyncio.sleep(0.005)
        message = await saved(chat, app)
    return message
