"""What the model is told: instructions with the inputs filled in, what was said before, the question."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.chat_app import App, ChatApp, model, read_events
from tests.support.model_server import ModelServer

pytestmark = pytest.mark.asyncio(loop_scope="module")


def told(models: ModelServer) -> list[tuple[str, str]]:
    """What the model was told last."""
    messages = models.calls_to("/chat/completions")[-1].body["messages"]
    return [(one["role"], one["content"]) for one in messages]


async def test_inputs_are_filled_into_the_instructions(chat: ChatApp, models: ModelServer) -> None:
    form: list[dict[str, Any]] = [
        {"text-input": {"variable": "name", "required": True}},
        {"number": {"variable": "age"}},
        {"text-input": {"variable": "town", "default": "Ulm"}},
    ]
    prompt = "You serve {{name}} ({{ age }}) of {{town}}. {{unknown}} {braces} {{#context#}}"
    app = await chat.add_app(model("echo") | {"user_input_form": form, "pre_prompt": prompt})

    await app.ask("Hi {{name}}", inputs={"name": "{{town}} Ann", "age": "7"})

    assert told(models) == [
        ("system", "You serve {{town}} Ann (7) of Ulm. {{unknown}} {braces} {{#context#}}"),
        ("user", "Hi {{name}}"),
    ]


async def test_an_absent_optional_input_leaves_its_place_as_it_is(chat: ChatApp, models: ModelServer) -> None:
    form = [{"text-input": {"variable": "name"}}]
    app = await chat.add_app(model("echo") | {"user_input_form": form, "pre_prompt": "For {{name}}."})

    await app.ask("Hi")

    assert told(models)[0] == ("system", "For {{name}}.")


async def test_earlier_turns_go_along_oldest_first_without_failed_ones(chat: ChatApp, models: ModelServer) -> None:
    app = await chat.add_app(model("echo"))
    conversation = (await app.ask("One")).json()["conversation_id"]
    await chat.console.patch(f"/apps/{app.id}", json={"model_config": model("fail-400")})
    await app.ask("Failed", conversation_id=conversation)
    await chat.console.patch(f"/apps/{app.id}", json={"model_config": model("echo")})
    await app.ask("Two", conversation_id=conversation)

    await app.ask("Three", conversation_id=conversation)

    assert told(models) == [
        ("user", "One"),
        ("assistant", "One"),
        ("user", "Two"),
        ("assistant", "Two"),
        ("user", "Three"),
    ]


async def test_history_is_cut_at_its_budget_from_the_oldest_on(chat: ChatApp, models: ModelServer) -> None:
    app = await chat.add_app(model("echo"))
    conversation = (await app.ask("old " * 1000)).json()["conversation_id"]
    for number in range(2):
        await app.ask(f"turn {number} " + "word " * 500, conversation_id=conversation)

    await app.ask("Now?", conversation_id=conversation)

    roles_and_starts = [(role, content[:6]) for role, content in told(models)]
    assert roles_and_starts == [
        ("user", "turn 0"),
        ("assistant", "turn 0"),
        ("user", "turn 1"),
        ("assistant", "turn 1"),
        ("user", "Now?"),
    ]


async def complete(app: App, **body: Any) -> dict[str, Any]:
    answer = await app.client.post("/completion-messages", json={"inputs": {}, "user": "ann", **body})
    assert answer.status_code == 200, answer.text
    whole: dict[str, Any] = answer.json()
    return whole


async def test_a_completion_asks_with_its_filled_instructions(chat: ChatApp, models: ModelServer) -> None:
    form = [{"paragraph": {"variable": "text", "required": True}}]
    document = model("echo") | {"user_input_form": form, "pre_prompt": "Translate: {{text}}"}
    app = await chat.add_app(document, mode="completion")

    whole = await complete(app, inputs={"text": "Haus"})

    assert told(models) == [("user", "Translate: Haus")]
    assert list(whole) == ["event", "task_id", "id", "message_id", "mode", "answer", "metadata", "created_at"]
    assert (whole["event"], whole["mode"], whole["answer"]) == ("message", "completion", "Translate: Haus")


@pytest.mark.parametrize("place", ["query", "inputs"])
async def test_the_query_of_old_completion_apps_is_filled_in(chat: ChatApp, models: ModelServer, place: str) -> None:
    app = await chat.add_app(model("echo") | {"pre_prompt": "Shorten: {{query}}"}, mode="completion")

    await complete(app, **({"query": "Long"} if place == "query" else {"inputs": {"query": "Long"}}))

    assert told(models) == [("user", "Shorten: Long")]


async def test_a_completion_with_instructions_and_a_query_has_both(chat: ChatApp, models: ModelServer) -> None:
    app = await chat.add_app(model("echo") | {"pre_prompt": "Be brief."}, mode="completion")

    await complete(app, query="What is rain?")

    assert told(models) == [("system", "Be brief."), ("user", "What is rain?")]


async def test_a_streamed_completion_has_no_conversation(chat: ChatApp) -> None:
    app = await chat.add_app(model("echo"), mode="completion")
    body = {"inputs": {}, "query": "Hi", "user": "ann", "response_mode": "streaming"}

    answer = await app.client.post("/completion-messages", json=body)

    events = read_events(answer.text)
    keys = ["event", "message_id", "created_at", "task_id", "id"]
    assert list(events.data[0]) == [*keys, "answer", "from_variable_selector"]
    assert list(events.last) == [*keys, "metadata", "files"]
