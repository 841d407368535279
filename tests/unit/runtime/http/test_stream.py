"""A channel carries what is put into it, together when the network was busy, and pings when nothing is."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Message

from homeport.runtime.http.respond_stream import EventStream
from homeport.runtime.http.stream import PING, Channel, event


def test_an_event_is_one_line_of_compact_json_and_a_blank_line() -> None:
    assert event({"event": "message", "answer": "a\nß"}) == 'data: {"event":"message","answer":"a\\nß"}\n\n'.encode()


async def test_what_was_put_before_anybody_reads_leaves_in_one_piece() -> None:
    channel = Channel()
    channel.put(b"a")
    channel.put(b"b")
    channel.close()

    assert [piece async for piece in channel.read()] == [b"ab"]


async def test_a_stream_that_is_closed_empty_ends() -> None:
    channel = Channel()
    asyncio.get_running_loop().call_soon(channel.close)

    assert [piece async for piece in channel.read()] == []


async def test_what_is_put_while_the_network_is_busy_is_not_lost() -> None:
    channel = Channel()
    received = []
    channel.put(b"0")
    async with aclosing(channel.read()) as pieces:  # type: ignore[type-var]
        async for piece in pieces:
            received.append(piece)
            if piece == b"0":
                channel.put(b"1")
                channel.put(b"2")
                channel.close()

    assert received == [b"0", b"12"]


async def test_a_silent_channel_pings_again_and_again_and_a_busy_one_does_not() -> None:
    channel = Channel(ping_seconds=0.01)
    received: list[bytes] = []

    async def read() -> None:
        async for piece in channel.read():
            received.append(piece)  # noqa: PERF401

    reading = asyncio.create_task(read())
    async with asyncio.timeout(60):
        while received.count(PING) < 3:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
    channel.put(b"data")
    channel.close()
    await reading

    whole = b"".join(received)  # a ping that was due when the data came leaves together with it
    assert whole.endswith(b"data")
    assert whole.removesuffix(b"data").replace(PING, b"") == b""


@pytest.mark.parametrize("leaves", [True, False])
async def test_the_end_of_a_stream_is_told_whoever_ended_it(leaves: bool) -> None:
    told: list[str] = []
    channel = Channel()

    async def endpoint(_request: Request) -> Response:
        channel.put(b"first")
        if not leaves:
            channel.close()
        return EventStream(channel, lambda: told.append("gone"))

    sent: list[Message] = []

    async def receive() -> Message:
        if leaves and any(message.get("body") for message in sent):
            return {"type": "http.disconnect"}
        await asyncio.sleep(0 if leaves else 60)
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    scope: dict[str, Any] = {"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": b""}
    await Starlette(routes=[Route("/", endpoint)])(scope, receive, send)

    assert told == ["gone"]
    headers = dict(sent[0]["headers"])
    assert headers[b"content-type"].startswith(b"text/event-stream")
    assert headers[b"cache-control"] == b"no-cache"
    assert headers[b"x-accel-buffering"] == b"no"
