"""Hints through a real broker; and a broker that is not there holds up nobody."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
import time
from typing import Any

import kombu
import pytest
from sqlalchemy.engine import make_url

from homeport.runtime.tasks.broker import CONNECT_SECONDS
from homeport.runtime.tasks.dispatchers.celery import (
    RUN_JOB,
    BrokerRefused,
    CeleryDispatcher,
    make_celery,
    require_admission,
)
from homeport.runtime.tasks.queues import Queue
from homeport.runtime.tasks.settings import CelerySettings
from tests.support.servers import free_port, wait_for
from tests.support.tcp_gate import gate_before

JOB = "0198c0de-0000-7000-8000-000000000000"


def dispatcher(address: str) -> CeleryDispatcher:
    return CeleryDispatcher(CelerySettings.model_validate({"celery_broker_url": address}))


def oldest_message(address: str, queue: str) -> dict[str, Any]:
    """The message that a worker of `queue` would get next, taken from Redis in its own language."""
    url = make_url(address)
    with socket.create_connection((url.host or "", url.port or 0), timeout=30) as connection:
        connection.sendall(f"SELECT {url.database or 0}\r\nRPOP {queue}\r\n".encode())
        answer = b""
        while answer.count(b"\r\n") < 3:
            answer += connection.recv(65536)
    found: dict[str, Any] = json.loads(answer.split(b"\r\n")[2])
    return found


async def test_a_hint_lies_in_its_queue_and_names_the_job_and_nothing_of_its_content(redis_url: str) -> None:
    celery = dispatcher(redis_url)
    assert await celery.alive()
    await celery.send(Queue.PRIORITY_DATASET, JOB)
    await celery.close()
    message = oldest_message(redis_url, "priority_dataset")
    arguments, named, _ = json.loads(base64.b64decode(message["body"]))
    assert message["headers"]["task"] == RUN_JOB
    assert message["headers"]["shadow"] == "the next job of priority_dataset"
    assert (arguments, named) == ([JOB, "priority_dataset"], {})


def test_a_rabbitmq_that_lets_nobody_in_is_told_in_a_sentence(rabbitmq_url: str) -> None:
    elsewhere = f"{rabbitmq_url}-that-nobody-made"
    for address, what in ((elsewhere, "does not have the virtual host"), (with_password(rabbitmq_url), "refused the")):
        app = make_celery(CelerySettings.model_validate({"celery_broker_url": address}))
        with pytest.raises(BrokerRefused, match=what) as refused:
            require_admission(app)
        assert "guess" not in str(refused.value)


def with_password(address: str) -> str:
    return make_url(address).set(password="a guess").render_as_string(hide_password=False)


@pytest.mark.parametrize("port", [None, 1])
def test_a_broker_that_lets_us_in_or_is_not_there_yet_hinders_no_start(rabbitmq_url: str, port: int | None) -> None:
    address = make_url(rabbitmq_url)
    address = address.set(port=port or address.port)
    shown = address.render_as_string(hide_password=False)
    require_admission(make_celery(CelerySettings.model_validate({"celery_broker_url": shown})))


@pytest.mark.parametrize("scheme", ["redis", "amqp"])
async def test_a_broker_that_is_not_there_costs_a_hint_and_no_error(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rests: list[float] = []
    monkeypatch.setattr("kombu.utils.functional.sleep", rests.append)
    celery = dispatcher(f"{scheme}://127.0.0.1:{free_port()}")
    assert not await celery.alive()
    assert sum(rests) == 0, "whoever asks waits some seconds at most"
    await celery.send(Queue.DATASET, JOB)
    await celery.close()


async def test_a_closed_dispatcher_leaves_hints_to_the_sweep(redis_url: str) -> None:
    celery = dispatcher(redis_url)
    await celery.close()
    await celery.send(Queue.DATASET, JOB)


async def test_sending_does_not_wait_for_a_broker_that_is_silent() -> None:
    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    async with server:
        celery = dispatcher(f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0")
        began = time.monotonic()
        for _ in range(20):
            await celery.send(Queue.DATASET, JOB)
        assert time.monotonic() - began < 10 * CONNECT_SECONDS  # to wait for the broker takes twice as long or more
        await celery.close()


@pytest.mark.parametrize("kind", ["redis_url", pytest.param("rabbitmq_url", marks=pytest.mark.rabbitmq)])
async def test_a_hint_that_a_silent_connection_has_swallowed_is_sent_over_another(
    kind: str, request: pytest.FixtureRequest
) -> None:
    address = make_url(request.getfixturevalue(kind))
    with gate_before(address.port or 0) as gate:
        celery = dispatcher(address.set(host="127.0.0.1", port=gate.port).render_as_string(hide_password=False))
        lie = 0
        for _ in range(2):
            await celery.send(Queue.DATASET, JOB)
            lie = await asyncio.to_thread(wait_for_hints, address.render_as_string(hide_password=False), lie)
            gate.silence()
        await celery.close()


def wait_for_hints(address: str, before: int) -> int:
    """Until more lie in the queue than `before`; answers how many: one whose answer was late may be sent twice."""
    with kombu.Connection(address, connect_timeout=30) as connection:
        queue = kombu.Queue(Queue.DATASET, kombu.Exchange(Queue.DATASET), routing_key=Queue.DATASET)
        lies: Any = queue(connection.channel())
        wait_for(lambda: lies.queue_declare().message_count > before, seconds=60, what="another hint")
        return int(lies.queue_declare().message_count)
