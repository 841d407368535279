"""A real OpenAI-compatible server on loopback, lean enough to feed a thousand streams.

    with model_server(tokens=20) as server:
        ...  # server.url is http://127.0.0.1:<port>/v1, server.calls is what was asked

It answers `/v1/chat/completions`, `/v1/embeddings` and `/v1/models`. What it answers depends on the model's name (see
`tests.support.model_scripts`), or on the header `X-Behaviour`, or on a last message that starts with `behave:<name>`.
For load: `python -m tests.support.model_server --port 9000 --tokens 50 --delay 0`.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any, cast

import httptools

from tests.support.model_scripts import (
    ChatCall,
    Reply,
    answer_chat,
    answer_embeddings,
    answer_models,
    fail,
    ordinary,
)


@dataclass(slots=True)
class RecordedCall:
    """One request as it arrived; `finished` when the answer was sent whole, `closed_early` when the client left."""

    method: str
    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    finished: bool = False
    closed_early: bool = False


@dataclass(slots=True)
class ModelServer:
    """The server's set-up and what it saw. With an `api_key`, requests without it get 401."""

    tokens: int = 8
    delay: float = 0.0
    api_key: str | None = None
    port: int = 0
    recorded: int = 2000
    calls: deque[RecordedCall] = field(default_factory=deque)
    transports: set[asyncio.Transport] = field(default_factory=set)
    loop: asyncio.AbstractEventLoop | None = None
    _seen: Counter[str] = field(default_factory=Counter)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.origin}/v1"

    @property
    def connections(self) -> int:
        """How many clients are connected."""
        return len(self.transports)

    def calls_to(self, path: str) -> list[RecordedCall]:
        """The recorded calls whose path ends so."""
        return [call for call in list(self.calls) if call.path.endswith(path)]

    def wait_until(self, happened: Callable[[], bool], seconds: float = 30.0) -> None:
        """Wait in this thread until it has happened; a failed assertion after so many seconds."""
        until = time.monotonic() + seconds
        while not happened():
            assert time.monotonic() < until, "It did not happen in time."
            time.sleep(0.005)

    def drop_connections(self) -> None:
        """Break every connection, whatever it carries."""
        assert self.loop is not None
        for transport in list(self.transports):
            self.loop.call_soon_threadsafe(transport.abort)

    def record(self, call: RecordedCall) -> None:
        """Remember the call, forgetting the oldest ones."""
        self.calls.append(call)
        if len(self.calls) > self.recorded:
            self.calls.popleft()

    def reply_to(self, call: RecordedCall) -> Reply:
        """What to answer."""
        if self.api_key is not None and call.headers.get("authorization") != f"Bearer {self.api_key}":
            return fail(401, "Incorrect API key provided.")
        if call.path.endswith("/models"):
            return answer_models()
        if call.path.endswith("/embeddings"):
            return answer_embeddings(call.body)
        if call.path.endswith("/chat/completions"):
            return self._chat(call)
        return fail(404, f"There is nothing at {call.path}.")

    def _chat(self, call: RecordedCall) -> Reply:
        chat = ChatCall(str(call.body.get("model", "")), call.body, self.tokens, self.delay)
        behaviour = call.headers.get("x-behaviour") or chat.model
        if chat.last_message.startswith("behave:"):
            behaviour = chat.last_message.split()[0].removeprefix("behave:")
        self._seen[behaviour] += 1
        if behaviour.endswith("-once") and self._seen[behaviour] > 1:
            return ordinary(chat)
        return answer_chat(replace(chat, model=behaviour))


class _Connection(asyncio.Protocol):
    """HTTP/1.1 with keep-alive; the steps of a reply are written by timers, without a task per request."""

    def __init__(self, server: ModelServer, loop: asyncio.AbstractEventLoop) -> None:
        self._server = server
        self._loop = loop
        self._running: RecordedCall | None = None
        self._next: asyncio.Handle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's transports are of no asyncio class
        self._parser = httptools.HttpRequestParser(self)
        self._server.transports.add(self._transport)

    def connection_lost(self, _exc: Exception | None) -> None:
        self._server.transports.discard(self._transport)
        if self._next is not None:
            self._next.cancel()
        if self._running is not None:
            self._running.closed_early = True

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._transport.close()

    # -- what the parser calls

    def on_message_begin(self) -> None:
        self._url = b""
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode().lower()] = value.decode()

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        method = self._parser.get_method().decode()
        raw = b"".join(self._body)
        call = RecordedCall(method, self._url.decode(), self._headers, json.loads(raw) if raw else {})
        self._server.record(call)
        self._running = call
        self._send(self._server.reply_to(call))

    # -- writing

    def _send(self, reply: Reply) -> None:
        if reply.ending == "abort" and not reply.steps:
            self._transport.abort()
            return
        steps = iter(self._framed(reply))
        head = self._head(reply)
        if reply.framing == "length":
            self._write(head + b"".join(steps), reply)
        else:
            self._transport.write(head)
            self._next = self._loop.call_later(reply.first_delay, self._step, steps, reply)

    def _write(self, data: bytes, reply: Reply) -> None:
        self._transport.write(data)
        self._finish(reply)

    def _head(self, reply: Reply) -> bytes:
        lines = [f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}", f"Content-Type: {reply.content_type}"]
        lines += [f"{name}: {value}" for name, value in reply.headers.items()]
        if reply.framing == "length":
            lines.append(f"Content-Length: {sum(len(step) for step in reply.steps)}")
        elif reply.framing == "chunked":
            lines.append("Transfer-Encoding: chunked")
        else:
            lines.append("Connection: close")
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    def _framed(self, reply: Reply) -> Iterator[bytes]:
        if reply.framing != "chunked":
            yield from reply.steps
            return
        for step in reply.steps:
            yield b"%x\r\n%b\r\n" % (len(step), step)
        if reply.ending == "done":
            yield b"0\r\n\r\n"

    def _step(self, steps: Iterator[bytes], reply: Reply) -> None:
        step = next(steps, None)
        if step is None:
            self._finish(reply)
            return
        self._transport.write(step)
        if reply.delay:
            self._next = self._loop.call_later(reply.delay, self._step, steps, reply)
        else:
            self._next = self._loop.call_soon(self._step, steps, reply)

    def _finish(self, reply: Reply) -> None:
        if reply.ending == "hang":
            return
        if self._running is not None:
            self._running.finished = True
            self._running = None
        if reply.ending == "abort":
            self._transport.abort()
        elif reply.framing == "close":
            self._transport.close()


@contextmanager
def model_server(**setup: Any) -> Iterator[ModelServer]:
    """A server in a thread of its own with its own event loop; stopped at the end. `setup`: fields of `ModelServer`."""
    server = ModelServer(**setup)
    started = threading.Event()
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=_run, args=(loop, server, started), name="model-server", daemon=True)
    thread.start()
    assert started.wait(30), "The model server did not start."
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)


def _run(loop: asyncio.AbstractEventLoop, server: ModelServer, started: threading.Event) -> None:
    asyncio.set_event_loop(loop)
    server.loop = loop
    listening = loop.run_until_complete(
        loop.create_server(lambda: _Connection(server, loop), "127.0.0.1", server.port, backlog=2048)
    )
    server.port = listening.sockets[0].getsockname()[1]
    started.set()
    try:
        loop.run_forever()
    finally:
        listening.close()
        for transport in list(server.transports):
            transport.abort()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()


async def _serve(server: ModelServer) -> None:
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(lambda: _Connection(server, loop), "127.0.0.1", server.port, backlog=4096)
    server.port = listening.sockets[0].getsockname()[1]
    print(f"listening on {server.url}", flush=True)
    async with listening:
        await listening.serve_forever()


def main() -> None:
    """Serve until interrupted."""
    options = argparse.ArgumentParser(description="A fake OpenAI-compatible server.")
    options.add_argument("--port", type=int, default=0)
    options.add_argument("--tokens", type=int, default=50)
    options.add_argument("--delay", type=float, default=0.0, help="seconds between tokens")
    options.add_argument("--api-key")
    given = options.parse_args()
    server = ModelServer(given.tokens, given.delay, given.api_key, given.port, recorded=0)
    try:
        import uvloop
    except ImportError:
        run = asyncio.run
    else:
        run = uvloop.run
    with contextlib.suppress(KeyboardInterrupt):
        run(_serve(server))


if __name__ == "__main__":
    main()
