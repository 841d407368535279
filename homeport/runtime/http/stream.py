"""Server-sent events: what is ready leaves at once and together, and a silent stream is kept open by pings."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import orjson

PING = b"event: ping\n\n"
PING_SECONDS = 10.0


def event(payload: dict[str, Any]) -> bytes:
    """One event: a `data:` line of compact JSON and a blank line."""
    return b"data: " + orjson.dumps(payload) + b"\n\n"


class Channel:
    """Events from the task that makes them to the response that sends them.

    Whatever has been put while the network was busy leaves in one piece. One timer per stream, no task per event.
    """

    def __init__(self, ping_seconds: float = PING_SECONDS) -> None:
        """A ping is sent after `ping_seconds` of silence."""
        self._ready: list[bytes] = []
        self._wake = asyncio.Event()
        self._closed = False
        self._ping_seconds = ping_seconds
        self._quiet = True

    def put(self, event: bytes) -> None:
        """Send one event soon."""
        self._ready.append(event)
        self._quiet = False
        self._wake.set()

    def close(self) -> None:
        """No more events: the stream ends when all have been sent."""
        self._closed = True
        self._wake.set()

    async def read(self) -> AsyncIterator[bytes]:
        """All events, joined as they come."""
        loop = asyncio.get_running_loop()
        timer = loop.call_later(self._ping_seconds, self._tick)
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                ready, self._ready = self._ready, []
                if ready:
                    yield ready[0] if len(ready) == 1 else b"".join(ready)
                if self._closed and not self._ready:
                    return
                if timer.when() <= loop.time():
                    timer = loop.call_later(self._ping_seconds, self._tick)
        finally:
            timer.cancel()

    def _tick(self) -> None:
        if self._quiet:
            self._ready.append(PING)
        self._quiet = True
        self._wake.set()
