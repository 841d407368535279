"""Decide whether a target may be visited: by how its address is written, and by where its name leads."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from homeport.runtime.outbound.addresses import Address, internal_kind, is_disguised, read_literal
from homeport.runtime.outbound.allow import AllowList
from homeport.runtime.outbound.errors import AddressRefused

if TYPE_CHECKING:
    import httpx

_PORTS = {"http": 80, "https": 443}
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,253}")


@dataclass(frozen=True, slots=True)
class Guard:
    """Refuses what is not public and not opened by the operator."""

    allowed: AllowList

    def check_written(self, url: httpx.URL) -> None:
        """Refuse what can be seen without asking for the name: scheme, credentials, numbers, literal addresses."""
        if url.scheme not in _PORTS:
            raise AddressRefused(f"The address {shown(url)} is not accepted: only http and https addresses are.")
        if url.userinfo:
            raise AddressRefused(f"The address {shown(url)} carries a user name or password, which is not accepted.")
        host = ascii_host(url)
        if is_disguised(host):
            raise AddressRefused(f"The host {host} is a number but no plain address like 192.0.2.1.")
        if not 0 < port_of(url) < 65536:
            raise AddressRefused(f"The port {port_of(url)} is not accepted: ports go from 1 to 65535.")
        literal = read_literal(host)
        if literal is not None:
            self.check_address(host, port_of(url), literal)
        elif not _NAME.fullmatch(host):
            raise AddressRefused(f"The address has {repr(host) if host else 'nothing'} where a host name belongs.")

    def check_address(self, host: str, port: int, address: Address) -> None:
        """Refuse `address`, to which `host` leads, unless it is public or opened. The sentence names `host` only."""
        kind = internal_kind(address)
        if kind is None or self.allowed.covers(host, port, address):
            return
        article = "an" if kind[0] in "aeiou" else "a"
        written = f"[{host}]" if ":" in host else host
        raise AddressRefused(
            f"{host} leads to {article} {kind} address; only public addresses are visited.",
            hint=f"An operator can open it by adding {written}:{port} to OUTBOUND_ALLOW_PRIVATE.",
        )

    def is_opened(self, url: httpx.URL) -> bool:
        """Whether the operator has opened this target by its name or its literal address."""
        host = ascii_host(url)
        return self.allowed.covers(host, port_of(url), read_literal(host))


def ascii_host(url: httpx.URL) -> str:
    """The host as it goes over the wire, without brackets."""
    return url.raw_host.decode("ascii")


def port_of(url: httpx.URL) -> int:
    """The port of an http or https address."""
    return _PORTS[url.scheme] if url.port is None else url.port


def shown(url: httpx.URL) -> str:
    """The address without what may be secret in it: user, password, query, fragment."""
    return str(url.copy_with(userinfo=b"", query=None, fragment=None))
