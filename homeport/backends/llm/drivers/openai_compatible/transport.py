"""An httpx transport over `Connection`: a pool that stays cheap with a thousand streams open."""

from __future__ import annotations

import asyncio
import ssl
from collections import defaultdict
from collections.abc import AsyncIterator
from typing import Any

import httpx

from homeport.backends.llm.drivers.openai_compatible.connection import Connection

#: The request extension that carries a checked address.
CONNECT_TO = "connect_to"
#: Scheme, host, port, and the address to connect to where the host's name must not be asked for again.
Origin = tuple[str, str, int, str]

#: Seconds an unused connection is trusted; providers and proxies commonly close after 60 or more.
KEEP_ALIVE = 30.0
#: Unused connections kept per origin.
MAX_IDLE = 256


class PooledTransport(httpx.AsyncBaseTransport):
    """HTTP/1.1 with keep-alive; raises httpx's own transport errors."""

    def __init__(self, max_connections: int) -> None:
        self._idle: defaultdict[Origin, list[Connection]] = defaultdict(list)
        self._busy: set[Connection] = set()
        self._slots = asyncio.Semaphore(max_connections)
        self._tls: ssl.SSLContext | None = None
        self._tls_lock = asyncio.Lock()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request and return once status and headers are there; the body follows as a stream."""
        timeouts = request.extensions.get("timeout", {})
        head_and_body = _request_bytes(request, await request.aread())
        origin = (*_origin(request.url), request.extensions.get(CONNECT_TO, ""))
        await self._slots.acquire()
        try:
            connection = await self._exchange(origin, head_and_body, timeouts)
        except BaseException:
            self._slots.release()
            raise
        return httpx.Response(connection.status, headers=connection.headers, stream=_Body(self, origin, connection))

    async def _exchange(self, origin: Origin, data: bytes, timeouts: dict[str, Any]) -> Connection:
        reused = self._take_idle(origin)
        if reused is not None:
            try:
                return await self._send(reused, data, timeouts)
            except httpx.RemoteProtocolError:
                # The provider closed an idle connection while we wrote: it has not seen the request.
                if reused.touched:
                    raise
        return await self._send(await self._open(origin, timeouts.get("connect")), data, timeouts)

    async def _send(self, connection: Connection, data: bytes, timeouts: dict[str, Any]) -> Connection:
        self._busy.add(connection)
        try:
            await connection.send(data, timeouts.get("read"))
        except BaseException:
            self._busy.discard(connection)
            connection.abort()
            raise
        return connection

    def _take_idle(self, origin: Origin) -> Connection | None:
        idle = self._idle[origin]
        oldest = asyncio.get_running_loop().time() - KEEP_ALIVE
        while idle:
            connection = idle.pop()
            if not connection.closed and connection.idle_since > oldest:
                return connection
            connection.abort()
        return None

    async def _open(self, origin: Origin, patience: float | None) -> Connection:
        scheme, host, port, address = origin
        loop = asyncio.get_running_loop()
        tls = await self._tls_context() if scheme == "https" else None
        try:
            async with asyncio.timeout(patience):
                _, connection = await loop.create_connection(
                    lambda: Connection(loop), address or host, port, ssl=tls, server_hostname=host if tls else None
                )
        except TimeoutError as error:
            raise httpx.ConnectTimeout(f"no connection within {patience:g} seconds") from error
        except (OSError, ssl.SSLError) as error:
            raise httpx.ConnectError(str(error)) from error
        return connection

    async def _tls_context(self) -> ssl.SSLContext:
        async with self._tls_lock:
            if self._tls is None:
                self._tls = await asyncio.to_thread(httpx.create_ssl_context)
                self._tls.set_alpn_protocols(["http/1.1"])
            return self._tls

    def release(self, origin: Origin, connection: Connection) -> None:
        """Take a connection back: kept when its answer was read whole, broken otherwise."""
        self._slots.release()
        self._busy.discard(connection)
        idle = self._idle[origin]
        if connection.complete and connection.reusable and not connection.closed and len(idle) < MAX_IDLE:
            connection.idle_since = asyncio.get_running_loop().time()
            idle.append(connection)
        else:
            connection.abort()

    async def aclose(self) -> None:
        """Break every connection."""
        for connection in [*self._busy, *(one for idle in self._idle.values() for one in idle)]:
            connection.abort()
        self._idle.clear()


class _Body(httpx.AsyncByteStream):
    """The body of one answer; one item per read of the network."""

    def __init__(self, pool: PooledTransport, origin: Origin, connection: Connection) -> None:
        self._pool = pool
        self._origin = origin
        self._connection = connection
        self._released = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while data := await self._connection.read():
            yield data

    async def aclose(self) -> None:
        if not self._released:
            self._released = True
            self._pool.release(self._origin, self._connection)


def _origin(url: httpx.URL) -> tuple[str, str, int]:
    if url.scheme not in ("http", "https") or not url.host:
        raise httpx.UnsupportedProtocol("an address starts with http:// or https:// and names a host")
    return url.scheme, url.host, url.port or (443 if url.scheme == "https" else 80)


def _request_bytes(request: httpx.Request, body: bytes) -> bytes:
    lines = [b"%b %b HTTP/1.1" % (request.method.encode(), request.url.raw_path)]
    lines += [b"%b: %b" % pair for pair in request.headers.raw]
    if any(b"\r" in line or b"\n" in line for line in lines):
        raise httpx.LocalProtocolError("a header must not hold a line break")
    return b"\r\n".join(lines) + b"\r\n\r\n" + body
