"""A small real HTTP server on loopback whose answers are written byte by byte."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial

#: Writes a whole answer; is given the path and the stream to write on.
Answer = Callable[[str, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Site:
    """A running server and the heads of the requests that reached it."""

    port: int
    heads: list[str] = field(default_factory=list)


@contextlib.asynccontextmanager
async def site(
    answer: Answer, *, host: str = "127.0.0.1", context: ssl.SSLContext | None = None
) -> AsyncIterator[Site]:
    """Serve `answer` on a free port of `host`; one request per connection. Every connection is closed at the end."""
    loop = asyncio.get_running_loop()
    visits: set[asyncio.Task[None]] = set()
    with socket.create_server((host, 0)) as listener:
        listener.setblocking(False)
        running = Site(port=listener.getsockname()[1])

        def accept() -> None:  # at once: a connection accepted by a task could be lost when the task is cancelled
            with contextlib.suppress(OSError):
                connection, _ = listener.accept()
                connection.setblocking(False)
                visit = loop.create_task(_serve(connection, context, answer, running))
                visit.add_done_callback(partial(_close, connection))
                visits.add(visit)

        loop.add_reader(listener, accept)
        try:
            yield running
        finally:
            loop.remove_reader(listener)
            for visit in visits:
                visit.cancel()
            await asyncio.gather(*visits, return_exceptions=True)
            await asyncio.sleep(0)  # transports end in the next turn of the loop


def _close(connection: socket.socket, _visit: asyncio.Task[None]) -> None:
    connection.close()


async def _serve(connection: socket.socket, context: ssl.SSLContext | None, answer: Answer, running: Site) -> None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    with contextlib.suppress(OSError, asyncio.IncompleteReadError):  # the visitor has gone
        transport, _ = await loop.connect_accepted_socket(lambda: protocol, connection, ssl=context)
        writer = asyncio.StreamWriter(transport, protocol, reader, loop)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            running.heads.append(head)
            await answer(head.split(" ")[1], writer)
            await writer.drain()
            writer.close()
            await writer.wait_closed()
        finally:
            transport.abort()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


def ok(body: bytes, *headers: str) -> bytes:
    """A complete answer with status 200."""
    lines = ["HTTP/1.1 200 OK", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


def redirect(location: str) -> bytes:
    """A complete answer that sends the visitor on to `location`."""
    return f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()
