"""Ask for a name once, and connect to exactly what was answered and checked."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TypeAlias

import httpcore

from homeport.runtime.outbound.addresses import Address, read_literal
from homeport.runtime.outbound.errors import AddressRefused
from homeport.runtime.outbound.guard import Guard
from homeport.runtime.outbound.resolve import Resolve

SocketOption: TypeAlias = tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]


class PinningBackend(httpcore.AsyncNetworkBackend):
    """Opens connections for the HTTP client. The name is asked for here and nowhere else, so no second answer counts.

    TLS goes on with the host's own name: certificates are checked against the name, not against the number.
    """

    def __init__(self, guard: Guard, resolve: Resolve) -> None:
        self._guard = guard
        self._resolve = resolve
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the interface has it
        local_address: str | None = None,
        socket_options: Iterable[SocketOption] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first address of `host` that answers; AddressRefused when any of them is not public."""
        try:
            async with asyncio.timeout(timeout):
                addresses = await self.checked_addresses(host, port)
                return await self._first(addresses, port, timeout, local_address, socket_options)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout(f"{host} did not answer in {timeout} s") from error

    async def checked_addresses(self, host: str, port: int) -> list[Address]:
        """The addresses of `host`; AddressRefused when any of them may not be visited."""
        literal = read_literal(host)
        try:
            answers = [str(literal)] if literal else await self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"the name {host} is not known") from error
        addresses = []
        for answer in dict.fromkeys(answers):
            address = read_literal(answer)
            if address is None:
                raise AddressRefused(f"{host} leads to something that is no address.")
            self._guard.check_address(host, port, address)
            addresses.append(address)
        if not addresses:
            raise httpcore.ConnectError(f"the name {host} has no address")
        return addresses

    async def _first(
        self,
        addresses: list[Address],
        port: int,
        timeout: float | None,  # noqa: ASYNC109 - shared out among the addresses
        local_address: str | None,
        socket_options: Iterable[SocketOption] | None,
    ) -> httpcore.AsyncNetworkStream:
        """Try one after the other; a silent address must not take the time of the next."""
        share = None if timeout is None else timeout / len(addresses)
        failure: httpcore.ConnectError | httpcore.ConnectTimeout | None = None
        for address in addresses:
            try:
                return await self._network.connect_tcp(
                    str(address), port, timeout=share, local_address=local_address, socket_options=socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        assert failure is not None  # there is at least one address
        raise failure

    async def sleep(self, seconds: float) -> None:
        """Wait between attempts."""
        await asyncio.sleep(seconds)
