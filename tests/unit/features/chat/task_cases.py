"""The tasks of the chat slice, each with something to do."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from homeport.features.chat.clean_messages import CLEAN
from homeport.features.chat.delete_conversation import DELETE
from homeport.features.chat.export_trace import EXPORT_TRACE
from homeport.features.chat.name_conversation import NAME
from homeport.features.chat.tables import Conversation, Message
from homeport.features.chat.tasks import END_ABANDONED
from tests.support.chat_app import model
from tests.support.model_server import model_server
from tests.support.servers import free_port
from tests.support.task_case import Case
from tests.support.task_stage import Stage, World
from tests.support.tracing_services import Langfuse, running


async def _abandoned(stage: Stage) -> None:
    app = await stage.app()
    answer = await stage.console.post(f"/apps/{app}/chat-messages", json={"query": "Who?", "response_mode": "blocking"})
    assert answer.status_code == 200, answer.text
    await stage.change(Message, status="running")
    await stage.age(Message, 1, "created_at")
    await stage.enqueue(END_ABANDONED)


def _ended(world: World) -> None:
    [message] = world.rows["messages"]
    assert "('status', 'error')" in message


_traces = Langfuse()
_ports: list[int] = []


@asynccontextmanager
async def _observed() -> AsyncIterator[Mapping[str, str]]:
    """A service that keeps what it gets, in each run at the address the app was set up with."""
    if not _ports:
        _ports.append(free_port())
    with running(_traces, _ports[0]):
        yield {"OUTBOUND_ALLOW_PRIVATE": "127.0.0.1"}


async def _traced(stage: Stage) -> None:
    app = await stage.app()
    body = {"tracing_provider": _traces.name, "tracing_config": _traces.config()}
    assert (await stage.console.post(f"/apps/{app}/trace-config", json=body)).status_code == 201
    on = {"enabled": True, "tracing_provider": _traces.name}
    assert (await stage.console.post(f"/apps/{app}/trace", json=on)).status_code == 200
    answer = await stage.console.post(f"/apps/{app}/chat-messages", json={"query": "Who?", "response_mode": "blocking"})
    assert answer.status_code == 200, answer.text


def _handed_over_once(_world: World) -> None:
    # However often it was sent: to the service it is the same trace.
    assert [trace.query for trace in _traces.traces()] == ["Who?"]


async def _ask(stage: Stage, app: str) -> None:
    answer = await stage.console.post(f"/apps/{app}/chat-messages", json={"query": "Who?", "response_mode": "blocking"})
    assert answer.status_code == 200, answer.text


async def _deleted(stage: Stage) -> None:
    app = await stage.app()
    for _ in range(2):
        await _ask(stage, app)
    listed = (await stage.console.get(f"/apps/{app}/conversations")).json()["data"]
    assert (await stage.console.delete(f"/apps/{app}/conversations/{listed[0]['id']}")).status_code == 204


async def _aged(stage: Stage) -> None:
    app = await stage.app()
    for _ in range(2):
        await _ask(stage, app)
    await stage.age(Message, 31, "created_at")
    await stage.age(Conversation, 31, "updated_at")
    await _ask(stage, app)
    await stage.enqueue(CLEAN)


def _one_is_left(world: World) -> None:
    assert (len(world.rows["conversations"]), len(world.rows["messages"])) == (1, 1)


@asynccontextmanager
async def _writing() -> AsyncIterator[Mapping[str, str]]:
    """A model that writes titles."""
    with model_server() as server:
        yield {"OPENAI_BASE_URL": server.url, "OPENAI_API_KEY": "sk-test", "LLM_MAX_ATTEMPTS": "1"}


async def _new(stage: Stage) -> None:
    app = await stage.app()
    changed = await stage.console.patch(f"/apps/{app}", json={"model_config": model("title")})
    assert changed.status_code == 200, changed.text
    await _ask(stage, app)


def _named(world: World) -> None:
    [conversation] = world.rows["conversations"]
    assert "('name', 'The ferry to Port Ellis')" in conversation


CASES = [
    Case(DELETE, _deleted, "", _one_is_left),
    Case(CLEAN, _aged, "", _one_is_left, variables={"SANDBOX_EXPIRED_RECORDS_CLEAN_BATCH_SIZE": "1"}),
    Case(NAME, _new, "", _named, server=_writing),
    Case(END_ABANDONED, _abandoned, "", _ended),
    Case(EXPORT_TRACE, _traced, "", _handed_over_once, server=_observed),
]
