"""Word from one process to all others, over every kind of Redis."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from homeport.runtime.broadcast.local import LocalBroadcast
from homeport.runtime.redis.broadcast import RedisBroadcast
from homeport.runtime.redis.connect import open_redis
from homeport.runtime.redis.settings import RedisSettings
from tests.contract.redis.conftest import settings_of
from tests.support.redis_servers import redis_process
from tests.support.servers import free_port
from tests.support.tcp_gate import gate_before

pytestmark = [pytest.mark.redis, pytest.mark.process]


@asynccontextmanager
async def process(settings: RedisSettings, heard: list[str], silence: float = 3) -> AsyncIterator[RedisBroadcast]:
    """A process that listens to one topic; its words go to `heard`."""
    opened = open_redis(settings)
    broadcast = RedisBroadcast(opened.client, silence=silence)

    async def hear(text: str) -> None:
        heard.append(text)

    broadcast.listen("topic", hear)
    await broadcast.start()
    try:
        yield broadcast
    finally:
        await broadcast.close()
        await opened.close()


async def comes(heard: list[str], wanted: list[str]) -> None:
    """Wait for it; what comes after is seen, too."""
    async with asyncio.timeout(30):
        while len(heard) < len(wanted):  # noqa: ASYNC110 - what is waited for comes from another process
            await asyncio.sleep(0.01)
    assert heard == wanted


async def test_what_one_sends_each_hears_once(any_redis: RedisSettings) -> None:
    here, there = list[str](), list[str]()
    async with process(any_redis, here) as first, process(any_redis, there) as second:
        async with asyncio.timeout(30):
            await first.subscribed()
            await second.subscribed()
        await first.send("topic", "stop 1 ✓")
        await first.send("another", "nobody listens")
        await second.send("topic", "stop 2")
        await comes(here, ["stop 1 ✓", "stop 2"])
        await comes(there, ["stop 1 ✓", "stop 2"])


async def test_what_one_sends_is_heard_in_its_order(any_redis: RedisSettings) -> None:
    heard, words = list[str](), [f"event {number}" for number in range(200)]
    async with process(any_redis, heard) as here, process(any_redis, []) as there:
        async with asyncio.timeout(30):
            await here.subscribed()
            await there.subscribed()
        for word in words:
            await there.send("topic", word)
        await comes(heard, words)


def hears(broadcast: RedisBroadcast) -> bool:
    return broadcast.hears_others


async def test_whoever_hears_nothing_of_others_knows_it(tmp_path: Path) -> None:
    port = free_port()
    async with process(settings_of(redis_host="127.0.0.1", redis_port=port), []) as broadcast:
        assert not hears(broadcast)
        with redis_process(tmp_path, port=port):
            async with asyncio.timeout(30):
                await broadcast.subscribed()
            assert hears(broadcast)
        async with asyncio.timeout(30):
            while hears(broadcast):  # noqa: ASYNC110 - what is waited for is a connection that is lost
                await asyncio.sleep(0.01)


async def test_a_redis_that_comes_back_is_heard_again(tmp_path: Path) -> None:
    heard, port = list[str](), free_port()
    async with process(settings_of(redis_host="127.0.0.1", redis_port=port), heard) as broadcast:
        await broadcast.send("topic", "nobody but us")
        assert heard == ["nobody but us"]
        with redis_process(tmp_path, port=port):
            async with asyncio.timeout(30):
                await broadcast.subscribed()
            await broadcast.send("topic", "by Redis")
            await comes(heard, ["nobody but us", "by Redis"])


async def test_in_one_process_everybody_is_told_at_once() -> None:
    heard = list[str]()

    async def hear(text: str) -> None:
        heard.append(text)

    broadcast = LocalBroadcast()
    broadcast.listen("topic", hear)
    await broadcast.start()
    await broadcast.send("topic", "a")
    await broadcast.close()
    assert heard == ["a"]


async def test_a_redis_that_says_nothing_any_more_is_left(tmp_path: Path) -> None:
    heard = list[str]()
    with redis_process(tmp_path / "redis") as server, gate_before(server.port) as gate:
        deaf = settings_of(redis_host="127.0.0.1", redis_port=gate.port)
        direct = settings_of(redis_host="127.0.0.1", redis_port=server.port)
        async with process(deaf, heard, silence=0.5) as here, process(direct, []) as there:
            async with asyncio.timeout(30):
                await here.subscribed()
                gate.silence()
                while hears(here):  # noqa: ASYNC110 - what is waited for is time
                    await asyncio.sleep(0.05)
                await here.subscribed()
                while not heard:  # it may just have left again, after a moment in which this machine stood still
                    await there.send("topic", "word")
                    await asyncio.sleep(0.1)
            assert set(heard) == {"word"}


async def test_a_redis_that_has_nothing_to_say_is_kept(any_redis: RedisSettings) -> None:
    heard = list[str]()
    async with process(any_redis, heard, silence=0.5) as here:
        kept = 0
        async with asyncio.timeout(60):
            while kept < 20:  # whoever leaves a silent Redis does so every second; a machine that stands still, once
                await asyncio.sleep(0.1)
                kept = kept + 1 if hears(here) else 0
        await here.send("topic", "word")
        await comes(heard, ["word"])
