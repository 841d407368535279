"""The tasks of the chat slice, each with something to do."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from homeport.features.chat.export_trace import EXPORT_TRACE
from homeport.features.chat.tables import Message
from homeport.features.chat.tasks import END_ABANDONED
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


CASES = [
    Case(END_ABANDONED, _abandoned, "", _ended),
    Case(EXPORT_TRACE, _traced, "", _handed_over_once, server=_observed),
]
