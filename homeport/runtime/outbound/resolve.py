"""The addresses of a name."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import TypeAlias

#: Gives the addresses of a host, best first; raises OSError when the name is not known.
Resolve: TypeAlias = Callable[[str, int], Awaitable[list[str]]]


async def ask_system(host: str, port: int) -> list[str]:
    """The addresses the operating system gives for `host`."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]
