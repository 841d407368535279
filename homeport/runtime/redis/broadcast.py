"""Word to all processes through Redis: PUBLISH and SUBSCRIBE, alike on one server, behind Sentinels, in a cluster."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Any

import structlog
from redis.exceptions import RedisClusterException, RedisError

from homeport.runtime.broadcast.local import Listeners

log = structlog.get_logger(__name__)

_PREFIX = "homeport:"
_AGAIN_SECONDS = 1.0
_SEND_SECONDS = 2.0
#: Without a word for so long, Redis is asked whether it is there; without one for twice as long, it is not.
_SILENCE_SECONDS = 3.0
_FAILURES = (RedisError, RedisClusterException, OSError, TimeoutError)


class RedisBroadcast(Listeners):
    """See `Broadcast`. A lost connection is made again; what was sent meanwhile is not heard."""

    def __init__(self, client: Any, *, silence: float = _SILENCE_SECONDS) -> None:
        """`client`: of `redis.asyncio`; it stays open. After `silence` seconds without a word it is asked for one."""
        super().__init__()
        self._silence = silence
        self._client = client
        self._hearing: asyncio.Task[None] | None = None
        self._subscribed = asyncio.Event()

    @property
    def hears_others(self) -> bool:
        """See `Broadcast.hears_others`."""
        return self._subscribed.is_set()

    async def send(self, topic: str, text: str) -> None:
        """See `Broadcast.send`."""
        try:
            async with asyncio.timeout(_SEND_SECONDS):
                await self._client.publish(_PREFIX + topic, text)
        except _FAILURES as error:
            log.warning("Redis did not take a word for other processes; they look for themselves", error=str(error))
            await self.tell(topic, text)
            return
        if not self._subscribed.is_set():  # it could not come back to us
            await self.tell(topic, text)

    async def start(self) -> None:
        """See `Broadcast.start`. Does not wait for Redis."""
        if self.topics:
            self._hearing = asyncio.create_task(self._forever())

    async def close(self) -> None:
        """See `Broadcast.close`."""
        if self._hearing is not None:
            self._hearing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._hearing

    async def subscribed(self) -> None:
        """Wait until Redis has been told that this process listens."""
        await self._subscribed.wait()

    async def _forever(self) -> None:
        while True:
            try:
                await self._hear()
            except _FAILURES as error:
                log.warning("words of other processes are not heard", error=str(error) or type(error).__name__)
            finally:
                self._subscribed.clear()
            await asyncio.sleep(_AGAIN_SECONDS)

    async def _hear(self) -> None:
        await self._client.initialize()  # a cluster must know its slots before a channel is made
        async with self._client.pubsub() as channel:
            await channel.subscribe(*(_PREFIX + topic for topic in self.topics))
            heard, asked = time.monotonic(), False
            while True:
                message = await channel.get_message(timeout=self._silence / 3)
                if message is None:
                    silence = time.monotonic() - heard
                    if silence > 2 * self._silence:
                        raise TimeoutError(f"Redis has said nothing for {silence:.0f} s")
                    if silence > self._silence and not asked:
                        await channel.ping()
                        asked = True
                    continue
                heard, asked = time.monotonic(), False
                if message["type"] == "subscribe":
                    if message["data"] == len(self.topics):  # the last of them
                        self._subscribed.set()
                elif message["type"] == "message":
                    topic = _text(message["channel"]).removeprefix(_PREFIX)
                    await self.tell(topic, _text(message["data"]))


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
