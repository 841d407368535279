"""A small real SOCKS5 proxy on loopback: whatever name it is asked for, it connects to one port of this machine."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

_LOGIN, _BY_PASSWORD, _NONE_FITS = 1, 2, 0xFF
_CONNECT, _BY_NAME = 1, 3


@dataclass
class Socks:
    """A running proxy and the names it was asked for."""

    port: int
    asked: list[tuple[str, int]] = field(default_factory=list)


@contextlib.asynccontextmanager
async def socks_server(target: int, login: tuple[str, str]) -> AsyncIterator[Socks]:
    """Serve callers that send `login` (user, password) and connect them to the port `target`."""
    running = Socks(port=0)
    visits: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        visits.add(task)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError), contextlib.closing(writer):
            if await _greeted(reader, writer, login):
                running.asked.append(await _asked(reader))
                writer.write(bytes((5, 0, 0, 1)) + bytes(6))
                far = await asyncio.open_connection("127.0.0.1", target)
                with contextlib.closing(far[1]):
                    await asyncio.gather(_pump(reader, far[1]), _pump(far[0], writer))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    running.port = server.sockets[0].getsockname()[1]
    try:
        yield running
    finally:
        server.close()
        for visit in visits:
            visit.cancel()
        await asyncio.gather(*visits, return_exceptions=True)


async def _greeted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, login: tuple[str, str]) -> bool:
    _, methods = await reader.readexactly(2)
    fits = _BY_PASSWORD in await reader.readexactly(methods)
    writer.write(bytes((5, _BY_PASSWORD if fits else _NONE_FITS)))
    if not fits:
        return False
    await reader.readexactly(1)
    given = (await _text(reader), await _text(reader))
    writer.write(bytes((_LOGIN, given != login)))
    return given == login


async def _asked(reader: asyncio.StreamReader) -> tuple[str, int]:
    _, command, _, kind = await reader.readexactly(4)
    assert (command, kind) == (_CONNECT, _BY_NAME)
    return await _text(reader), int.from_bytes(await reader.readexactly(2), "big")


async def _text(reader: asyncio.StreamReader) -> str:
    return (await reader.readexactly((await reader.readexactly(1))[0])).decode()


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while piece := await source.read(1 << 16):
        sink.write(piece)
        await sink.drain()
    if sink.can_write_eof():
        sink.write_eof()
