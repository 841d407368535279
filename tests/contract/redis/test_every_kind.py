"""Whatever kind of Redis is named, it is used in the same way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from homeport.features.operate.doctor.check_redis import check_redis
from homeport.features.operate.doctor.findings import ok
from homeport.runtime.redis.connect import OpenRedis, open_redis
from homeport.runtime.redis.settings import RedisSettings

pytestmark = [pytest.mark.redis, pytest.mark.process]


@pytest.fixture
async def redis(any_redis: RedisSettings) -> AsyncIterator[OpenRedis]:
    opened = open_redis(any_redis)
    try:
        yield opened
    finally:
        await opened.close()


async def test_what_is_written_is_read(redis: OpenRedis) -> None:
    await redis.client.set("greeting", "hello", ex=60)
    assert await redis.client.get("greeting") == b"hello"
    assert await redis.client.ttl("greeting") <= 60


async def test_a_healthy_server_passes_the_check_again_and_again(redis: OpenRedis) -> None:
    for _ in range(3):
        await redis.check()


async def test_keys_of_all_slots_are_reached_at_once(redis: OpenRedis) -> None:
    keys = [f"key-{number}" for number in range(50)]
    await asyncio.gather(*(redis.client.set(key, key) for key in keys))
    found = await asyncio.gather(*(redis.client.get(key) for key in keys))
    assert found == [key.encode() for key in keys]


async def test_a_script_runs_once_whoever_calls(redis: OpenRedis) -> None:
    await redis.client.delete("counter")
    script = redis.client.register_script("return redis.call('INCRBY', KEYS[1], ARGV[1])")
    counted = await asyncio.gather(*(script(keys=["counter"], args=[1]) for _ in range(10)))
    assert sorted(counted) == list(range(1, 11))


async def test_the_doctor_writes_reads_and_removes_a_key(any_redis: RedisSettings, redis: OpenRedis) -> None:
    found = await check_redis(any_redis)
    assert found[0] == ok(f"Redis ({any_redis.kind}) took a value and gave it back.")
    left = [key async for key in redis.client.scan_iter("homeport:doctor:*")]
    assert left == []


async def test_the_doctor_leaves_out_what_is_not_there() -> None:
    [found] = await check_redis(RedisSettings())
    assert found.state == "skipped"
