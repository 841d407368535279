"""A process that is asked to stop finishes what it can, and ends the rest well."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from tests.integration.test_fleet import question, read, slow_app
from tests.support.house import visiting
from tests.support.model_server import ModelServer
from tests.support.processes import Installation

pytestmark = [pytest.mark.process, pytest.mark.timeout(240)]


@pytest.mark.parametrize(("seconds", "whole"), [("60", True), ("2", False)])
async def test_an_answer_that_is_being_streamed_ends_well_when_its_process_is_asked_to_stop(
    fleet: Installation, models: ModelServer, seconds: str, whole: bool
) -> None:
    slow = {"OPENAI_API_BASE": models.url, "OPENAI_API_KEY": "k", "HOMEPORT_STOP_SECONDS": seconds}
    api, address = fleet.api(**slow)
    events: list[dict[str, Any]] = []
    async with visiting(address) as visitor:
        await visitor.set_up()
        client = await slow_app(visitor)
        async with client.stream("POST", "/chat-messages", json=question()) as stream:
            coming = read(stream)
            events.append(await anext(coming))
            stopping = asyncio.create_task(asyncio.to_thread(api.terminate))
            events += [event async for event in coming]
        assert await stopping == 0
    answer = "".join(event["answer"] for event in events if event["event"] == "message")
    assert ("word199" in answer) is whole
    assert events[-1]["event"] == "message_end"
    _, again = fleet.api(**slow)
    async with httpx.AsyncClient(base_url=f"{again}/v1", headers=client.headers, timeout=30) as later:
        asked = {"user": "u", "conversation_id": events[0]["conversation_id"]}
        [message] = (await later.get("/messages", params=asked)).json()["data"]
    assert message["answer"] == answer, "what was shown is what was saved"
