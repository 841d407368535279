"""Lists of servers as operators write them: `host:port`, separated by commas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple


class Address(NamedTuple):
    """Where one server listens."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def addresses(default_port: int) -> Callable[[Any], Any]:
    """A validator that reads such a list; a port that is not given is `default_port`. Raises ValueError."""

    def read(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        return tuple(_address(part.strip(), default_port) for part in value.split(",") if part.strip())

    return read


def _address(text: str, default_port: int) -> Address:
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        port = rest.removeprefix(":")
    elif text.count(":") > 1:
        host, port = text, ""
    else:
        host, _, port = text.partition(":")
    number = int(port) if port.isdecimal() else default_port if not port else 0
    if not host or "/" in text or not 0 < number < 65536:
        raise ValueError(
            f"accepted are addresses such as redis-1:{default_port}, separated by commas; {text!r} is none"
        )
    return Address(host, number)
