"""What the house knows of an open Redis, without loading its client."""

from __future__ import annotations

from typing import Any, Protocol


class Redis(Protocol):
    """See `connect.OpenRedis`."""

    #: The client of `redis.asyncio`.
    client: Any

    async def check(self) -> None:
        """Raise one sentence unless Redis answers and is what the settings say it is."""

    async def close(self) -> None:
        """Close every connection."""
