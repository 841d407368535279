"""A fleet at its ordinary work: API, workers and beat as processes, over PostgreSQL, Redis and pgvector."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.support.chat_app import model
from tests.support.house import Visitor, visiting
from tests.support.indexing import add_documents, take_stock, wait_for_completed
from tests.support.job_bench import until
from tests.support.model_server import ModelServer
from tests.support.processes import Installation, Process

pytestmark = [pytest.mark.process, pytest.mark.timeout(240)]


@pytest.fixture
async def silent_address() -> AsyncIterator[str]:
    """A model server that takes requests and never answers."""

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"


async def test_a_worker_indexes_what_the_api_accepts(fleet: Installation) -> None:
    api, address = fleet.api()
    worker = fleet.worker()
    async with visiting(address) as visitor:
        await visitor.set_up()
        dataset_id = await add_documents(visitor, 20)
        await wait_for_completed(visitor.console, dataset_id, 20)
        key = await visitor.dataset_client()
        found = await key.post(f"/datasets/{dataset_id}/retrieve", json={"query": "Ship 7, page 2"})
        assert found.status_code == 200, found.text
        assert found.json()["records"]
    assert inspect(fleet, worker) == "pong"
    assert worker.terminate() == 0
    assert api.terminate() == 0
    stock = await take_stock(fleet.settings)
    stock.assert_each_once(20)


def inspect(fleet: Installation, worker: Process) -> str:
    """What the worker answers to Celery's own command."""
    command = [sys.executable, "-m", "celery", "-A", "homeport.entry.worker", "inspect", "ping", "--json", "-t", "5"]
    done = subprocess.run(
        command, env=fleet.environment({}), cwd=fleet.folder, capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 0, (done.stderr.decode(), worker.text)
    answers: dict[str, Any] = json.loads(done.stdout)
    [answer] = answers.values()
    return str(answer["ok"])


async def test_a_worker_of_processes_indexes_too_and_stops_cleanly(fleet: Installation) -> None:
    _, address = fleet.api()
    worker = fleet.worker(CELERY_WORKER_CLASS="prefork", CELERY_WORKER_AMOUNT="2", MAX_TASKS_PER_CHILD="8")
    async with visiting(address) as visitor:
        await visitor.set_up()
        dataset_id = await add_documents(visitor, 20, "economy")
        await wait_for_completed(visitor.console, dataset_id, 20)
    assert worker.terminate() == 0
    (await take_stock(fleet.settings)).assert_each_once(20)


async def test_a_worker_that_is_asked_to_stop_hands_its_jobs_to_another(
    fleet: Installation, models: ModelServer, silent_address: str
) -> None:
    model_of = {"OPENAI_API_KEY": "k", "HOMEPORT_DEFAULT_EMBEDDING": "test-embedding"}
    _, address = fleet.api(OPENAI_API_BASE=models.url, **model_of)
    stuck = fleet.worker(OPENAI_API_BASE=silent_address, **model_of)
    async with visiting(address) as visitor:
        await visitor.set_up()
        dataset_id = await add_documents(visitor, 4)

        async def all_run() -> bool:
            return (await take_stock(fleet.settings)).jobs["running"] == 4

        await until(all_run, seconds=60)
        assert stuck.terminate() == 0
        stock = await take_stock(fleet.settings)
        assert stock.jobs == {"queued": 4}
        assert stock.most_attempts == 0, "what was handed back does not count as an attempt"
        other = fleet.worker(OPENAI_API_BASE=models.url, **model_of)
        await wait_for_completed(visitor.console, dataset_id, 4)
    assert other.terminate() == 0
    (await take_stock(fleet.settings)).assert_each_once(4)


async def test_an_answer_is_stopped_through_another_process_than_the_one_that_streams_it(
    fleet: Installation, models: ModelServer
) -> None:
    slow = {"OPENAI_API_BASE": models.url, "OPENAI_API_KEY": "k"}
    (_, here), (_, there) = fleet.api(**slow), fleet.api(**slow)
    async with visiting(here) as visitor:
        await visitor.set_up()
        client = await slow_app(visitor)
        async with client.stream("POST", "/chat-messages", json=question()) as stream:
            events = read(stream)
            first = await anext(events)
            async with httpx.AsyncClient(base_url=f"{there}/v1", headers=client.headers, timeout=30) as other:
                answer = await other.post(f"/chat-messages/{first['task_id']}/stop", json={"user": "u"})
            assert answer.json() == {"result": "success"}
            pieces = [event["answer"] async for event in events if event["event"] == "message"]
        assert len(pieces) < 190, "the whole answer has 200 tokens"
        shown = await client.get("/messages", params={"user": "u", "conversation_id": first["conversation_id"]})
        [message] = shown.json()["data"]
        assert message["answer"].endswith("".join(pieces))


def question() -> dict[str, Any]:
    return {"query": "Count.", "inputs": {}, "user": "u", "response_mode": "streaming"}


async def slow_app(visitor: Visitor) -> httpx.AsyncClient:
    made = await visitor.console.post("/apps", json={"name": "Slow", "mode": "chat"})
    assert made.status_code == 201, made.text
    app_id = made.json()["id"]
    changed = await visitor.console.patch(f"/apps/{app_id}", json={"model_config": model("slow")})
    assert changed.status_code == 200, changed.text
    return await visitor.app_client(app_id)


async def read(stream: httpx.Response) -> AsyncIterator[dict[str, Any]]:
    assert stream.status_code == 200
    async for line in stream.aiter_lines():
        if line.startswith("data: "):
            yield json.loads(line.removeprefix("data: "))


async def test_of_two_beats_one_works_and_the_other_takes_over(fleet: Installation) -> None:
    first, second = fleet.beat(), fleet.beat()
    first.wait_until(lambda: on_duty(first) != on_duty(second), "one of them was on duty")
    await asyncio.sleep(1)
    first.wait_until(lambda: on_duty(first) != on_duty(second), "one of them was on duty")
    working, waiting = (first, second) if on_duty(first) else (second, first)
    working.kill()
    waiting.wait_until(lambda: on_duty(waiting), "the other took over")
    assert waiting.terminate() == 0
    assert "beat has stopped" in waiting.text


def on_duty(beat: Process) -> bool:
    """Whether it is, by what it said last; another takes over when its machine stands still."""
    return beat.text.rfind("on duty: this beat") > beat.text.rfind("another beat is on duty now")


async def test_an_api_process_does_not_outlive_the_one_that_keeps_it(fleet: Installation) -> None:
    api, address = fleet.api()
    os.kill(api.popen.pid, signal.SIGKILL)  # gunicorn's main process alone
    api.popen.wait(10)
    async with httpx.AsyncClient(base_url=address) as client, asyncio.timeout(60):
        while True:
            try:
                await client.get("/health")
            except httpx.TransportError:
                break
            await asyncio.sleep(0.2)
