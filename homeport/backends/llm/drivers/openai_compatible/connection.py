"""One HTTP/1.1 connection to a model provider, for answers that arrive as many small chunks.

httpx's own connections cost about 50 µs per chunk and hand out chunks as the server framed them. This one parses in C
and hands out everything that has arrived since the last read, so a busy process makes fewer, larger steps.
"""

from __future__ import annotations

import asyncio
from typing import cast

import httptools
import httpx

#: Bytes kept for a slow reader before the provider is asked to wait.
HIGH_WATER = 256 * 1024


class Connection(asyncio.Protocol):
    """Carries one exchange at a time: `send`, then `read` until it returns nothing, then free again."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiter: asyncio.Future[None] | None = None
        self._failure: httpx.TransportError | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.closed = False
        self.idle_since = 0.0
        self._reset()

    def _reset(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self._chunks: list[bytes] = []
        self._waiting_bytes = 0
        self._paused = False
        self._head_complete = False
        self._framed = False
        self.touched = False
        self.complete = False
        self.reusable = False

    # -- for the transport

    async def send(self, data: bytes, patience: float | None) -> None:
        """Write a whole request and wait for the answer's status and headers; `patience`: seconds without a byte."""
        self._reset()
        if self.closed:
            raise httpx.RemoteProtocolError("the connection was closed before the request was sent")
        self._patience = patience
        self._transport.write(data)
        while not self._head_complete:
            await self._wait()

    async def read(self) -> bytes:
        """What has arrived since the last read, at least one byte; nothing when the answer is complete."""
        while not self._chunks:
            if self.complete:
                return b""
            await self._wait()
        data = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
        self._chunks.clear()
        self._waiting_bytes = 0
        if self._paused:
            self._paused = False
            self._transport.resume_reading()
        return data

    def abort(self) -> None:
        """Break the connection now."""
        self.closed = True
        self._transport.abort()

    async def _wait(self) -> None:
        if self._failure is not None:
            raise self._failure
        self._waiter = self._loop.create_future()
        self._arm()
        try:
            await self._waiter
        finally:
            self._waiter = None
        failure: httpx.TransportError | None = self._failure
        if failure is not None and not self._chunks and not self.complete:
            raise failure

    # -- one lazy timer instead of one per read

    def _arm(self) -> None:
        self._waiting_since = self._loop.time()
        if self._timer is None and self._patience is not None:
            self._timer = self._loop.call_later(self._patience, self._check_time)

    def _check_time(self) -> None:
        self._timer = None
        if self._waiter is None or self._patience is None or self.closed:
            return
        waited = self._loop.time() - self._waiting_since
        if waited < self._patience:
            self._timer = self._loop.call_later(self._patience - waited, self._check_time)
            return
        self._fail(httpx.ReadTimeout(f"nothing arrived for {self._patience:g} seconds"))
        self.abort()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _fail(self, failure: httpx.TransportError) -> None:
        if self._failure is None and not self.complete:
            self._failure = failure
        self._wake()

    # -- called by the event loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self.touched = True
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._fail(httpx.RemoteProtocolError(f"the answer is not HTTP: {error}"))
            self.abort()
            return
        if self._waiting_bytes > HIGH_WATER and not self._paused:
            self._paused = True
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._head_complete and not self._framed and exc is None:
            self.complete = True  # a body without a length ends with the connection
        detail = str(exc) if exc else "the connection was closed in the middle of the answer"
        self._fail(httpx.RemoteProtocolError(detail))

    # -- called by the parser

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name, value))
        if name.lower() in (b"content-length", b"transfer-encoding"):
            self._framed = True

    def on_headers_complete(self) -> None:
        self.status = self._parser.get_status_code()
        if self.status < 200:
            self.headers = []
            return
        self._head_complete = True

    def on_body(self, body: bytes) -> None:
        self._chunks.append(body)
        self._waiting_bytes += len(body)

    def on_message_complete(self) -> None:
        if self.status >= 200:
            self.complete = True
            self.reusable = self._parser.should_keep_alive()
