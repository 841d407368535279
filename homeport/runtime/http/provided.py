"""Hand the things wired at start to endpoints, by type."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from starlette.requests import HTTPConnection

Kind = TypeVar("Kind")


def provided(kind: type[Kind]) -> Callable[[HTTPConnection], Awaitable[Kind]]:
    """A dependency that answers the one instance of `kind` this process was wired with."""

    async def get(connection: HTTPConnection) -> Kind:  # not `def`: FastAPI would run that in a thread
        found: dict[type[Any], Any] = connection.app.state.provided
        instance: Kind = found[kind]
        return instance

    return get
