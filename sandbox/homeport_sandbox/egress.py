"""The one way out for code with network: the egress proxies an operator has set.

In a network namespace, code finds them on its own loopback; what it says there is relayed to the proxy and to nothing
else. Without namespaces, Landlock lets it connect to the proxies' ports only.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from homeport_sandbox.errors import Refused, WrongSettings

_FIRST_PORT = 3128
_DEFAULT_PORTS = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}
_MOST_CONNECTIONS = 32
_PIECE = 1 << 16


class Egress:
    """The proxies, and the relays to them."""

    def __init__(self, proxies: dict[str, str]) -> None:
        """`proxies`: address by variable, such as `HTTP_PROXY`. Raises `WrongSettings`."""
        self._proxies = proxies
        self._targets: list[tuple[str, int]] = []
        self._resolved: dict[str, str] = {}
        for variable, address in proxies.items():
            target = _target(variable, address)
            if target not in self._targets:
                self._targets.append(target)

    @property
    def configured(self) -> bool:
        """Whether there is any proxy."""
        return bool(self._targets)

    def ports(self, *, own_network: bool) -> list[int]:
        """The ports code may connect to: of its own loopback, or of the proxies."""
        return [_FIRST_PORT + place if own_network else target[1] for place, target in enumerate(self._targets)]

    def environment(self, *, own_network: bool) -> dict[str, str]:
        """The variables by which libraries find the proxies."""
        found = {}
        for variable, address in self._proxies.items():
            target = _target(variable, address)
            host, port = target
            if own_network:
                host, port = "127.0.0.1", _FIRST_PORT + self._targets.index(target)
            else:
                host = self._resolved.get(host, host)
            parts = urlsplit(address)
            login, at, _ = parts.netloc.rpartition("@")
            shown = f"[{host}]" if ":" in host else host
            # To libraries, the plain scheme means that they look names up themselves, which code cannot.
            scheme = "socks5h" if parts.scheme == "socks5" else parts.scheme
            found[variable] = found[variable.lower()] = f"{scheme}://{login}{at}{shown}:{port}"
        return found

    async def resolve(self) -> None:
        """Look the proxies' names up, which code without a network of its own cannot. Raises `Refused`."""
        for host, port in self._targets:
            try:
                found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
            except OSError as error:
                raise Refused(f"The egress proxy {host}:{port} cannot be found: {error}.") from error
            self._resolved[host] = str(found[0][4][0])

    @asynccontextmanager
    async def relaying(self, listeners: list[socket.socket]) -> AsyncIterator[None]:
        """While the block lasts, connections to each of `listeners` reach the proxy of the same place."""
        if not listeners:
            yield
            return
        talks: set[asyncio.Task[None]] = set()
        accepting = [
            asyncio.get_running_loop().create_task(_accept(listener, target, talks))
            for listener, target in zip(listeners, self._targets, strict=True)
        ]
        try:
            yield
        finally:
            for task in [*accepting, *talks]:
                task.cancel()
            await asyncio.gather(*accepting, *talks, return_exceptions=True)


async def _accept(listener: socket.socket, target: tuple[str, int], talks: set[asyncio.Task[None]]) -> None:
    loop = asyncio.get_running_loop()
    listener.setblocking(False)
    while True:
        connection, _ = await loop.sock_accept(listener)
        if len(talks) >= _MOST_CONNECTIONS:
            connection.close()
            continue
        talk = loop.create_task(_relay(connection, target))
        talks.add(talk)
        talk.add_done_callback(talks.discard)


async def _relay(connection: socket.socket, target: tuple[str, int]) -> None:
    with contextlib.closing(connection), contextlib.suppress(OSError):
        near = await asyncio.open_connection(sock=connection)
        try:
            far = await asyncio.open_connection(*target)
        except OSError:
            near[1].transport.abort()
            return
        try:
            await asyncio.gather(_pump(near[0], far[1]), _pump(far[0], near[1]))
        finally:
            far[1].transport.abort()
            near[1].transport.abort()


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while piece := await source.read(_PIECE):
        sink.write(piece)
        await sink.drain()
    if sink.can_write_eof():
        sink.write_eof()


def _target(variable: str, address: str) -> tuple[str, int]:
    parts = urlsplit(address)
    try:
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        port = None
    # For all kinds of addresses at once, a SOCKS proxy alone is set.
    setting, example = (
        ("SOCKS5_PROXY", "socks5://proxy:1080") if variable == "ALL_PROXY" else (variable, "http://ssrf_proxy:3128")
    )
    wrong_kind = setting == "SOCKS5_PROXY" and not parts.scheme.startswith("socks5")
    if not parts.hostname or not port or parts.scheme not in _DEFAULT_PORTS or wrong_kind:
        shown = address.replace(f"{parts.username}:{parts.password}@", "") if parts.password else address
        raise WrongSettings(f"{setting} is {shown!r}: accepted is an address such as {example}.")
    return parts.hostname, port
