"""The process is killed while an observability service has an answer in its hands: the next one sends the same."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.house import visiting
from tests.support.processes import installation
from tests.support.tracing_services import Langfuse, running

pytestmark = pytest.mark.process


def wait_for(happened: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < end, f"{what} did not come"
        time.sleep(0.05)


async def ask(address: str, service: Langfuse) -> str:
    """Trace a new app, and ask it: the id of the answer."""
    async with visiting(address) as visitor:
        await visitor.set_up()
        app = (await visitor.console.post("/apps", json={"name": "Helper"})).json()["id"]
        body = {"tracing_provider": "langfuse", "tracing_config": service.config()}
        assert (await visitor.console.post(f"/apps/{app}/trace-config", json=body)).status_code == 201
        service.requests.clear()
        service.go_on.clear()
        on = {"enabled": True, "tracing_provider": "langfuse"}
        assert (await visitor.console.post(f"/apps/{app}/trace", json=on)).status_code == 200
        client = await visitor.app_client(app)
        said = await client.post("/chat-messages", json={"inputs": {}, "query": "Hello?", "user": "ann"})
        assert said.status_code == 200, said.text
        return str(said.json()["message_id"])


async def test_an_answer_in_the_hands_of_a_service_is_sent_again_with_the_same_ids(tmp_path: Path) -> None:
    service = Langfuse()
    with running(service), installation(tmp_path, OUTBOUND_ALLOW_PRIVATE="127.0.0.1") as found:
        process, address = found.up()
        message_id = await ask(address, service)
        wait_for(lambda: len(service.requests) == 1, "the first sending")
        process.kill()
        service.go_on.set()
        found.up()
        wait_for(lambda: len(service.requests) == 2, "the second sending")
        wait_for(lambda: [one.id for one in service.traces()] == [message_id], "the trace")

        first, second = service.wrote()
        assert first.body == second.body
        assert service.ids()[0] == service.ids()[1]
