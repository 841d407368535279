"""The addresses an operator has opened although they are not public."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_network

from homeport.runtime.outbound.addresses import Address, Network, carried, read_literal

_NAME = re.compile(r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?")
_FORMS = "a host (ollama, ollama:11434), an address (10.0.0.5, [fd00::5]:8080) or a network (10.0.0.0/8)"


@dataclass(frozen=True, slots=True)
class Opened:
    """One entry: a name or a network, for one port or for every port."""

    name: str | None
    network: Network | None
    port: int | None

    def covers(self, host: str, port: int, address: Address | None) -> bool:
        """Whether this entry opens `host` on `port`, which stands for `address` (None: not known yet)."""
        if self.port is not None and self.port != port:
            return False
        if self.name is not None:
            return self.name == host.lower().rstrip(".")
        assert self.network is not None
        return address is not None and any(
            form.version == self.network.version and form in self.network for form in (address, carried(address))
        )


@dataclass(frozen=True, slots=True)
class AllowList:
    """Every entry of OUTBOUND_ALLOW_PRIVATE."""

    entries: tuple[Opened, ...] = ()

    def covers(self, host: str, port: int, address: Address | None) -> bool:
        """Whether any entry opens this target."""
        return any(entry.covers(host, port, address) for entry in self.entries)


def read_allow_list(texts: tuple[str, ...]) -> AllowList:
    """Read the entries. Raises ValueError naming the first that is none of the accepted forms."""
    return AllowList(tuple(_read(text) for text in texts))


def _read(text: str) -> Opened:
    if "/" in text:
        try:
            return Opened(None, ip_network(text, strict=False), None)
        except ValueError:
            raise _unreadable(text) from None
    host, port = _split_port(text)
    address = read_literal(host)
    if address is not None:
        return Opened(None, ip_network(address), port)
    name = host.lower().rstrip(".")
    if not _NAME.fullmatch(name):
        raise _unreadable(text)
    return Opened(name, None, port)


def _split_port(text: str) -> tuple[str, int | None]:
    bracketed = re.fullmatch(r"\[([^\]]+)\](?::(\d+))?", text)
    plain = re.fullmatch(r"([^:]+):(\d+)", text)
    found = bracketed or plain
    if found is None:
        return text, None
    port = int(found[2]) if found[2] else None
    if port is not None and not 0 < port < 65536:
        raise _unreadable(text)
    return found[1], port


def _unreadable(text: str) -> ValueError:
    return ValueError(f"the entry {text!r} is not understood; accepted is {_FORMS}")
