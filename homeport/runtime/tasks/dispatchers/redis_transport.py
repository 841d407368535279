"""kombu's way to Redis, for a Redis that dies: what is asked of a connection given up is a failure of the connection.

A worker that has lost its connection gives it up and makes another. Afterwards jobs end whose hints came through the
old one, and are acknowledged there. kombu then stumbles over an attribute that is gone, and Celery, which bears
failures of connections and nothing else, ends the worker.
"""

from __future__ import annotations

from typing import Any

from kombu.transport import TRANSPORT_ALIASES, redis
from redis.exceptions import ConnectionError as ConnectionLost


class _SaysItIsLost:
    connection: Any

    def _connparams(self, *arguments: Any, **options: Any) -> Any:
        if self.connection.client is None:
            raise ConnectionLost("The connection was given up.")
        return super()._connparams(*arguments, **options)  # type: ignore[misc]


class Channel(_SaysItIsLost, redis.Channel):
    """To one Redis."""


class SentinelChannel(_SaysItIsLost, redis.SentinelChannel):
    """To the master that Sentinels name."""


class Transport(redis.Transport):
    """For redis:// and rediss://."""

    Channel = Channel


class SentinelTransport(redis.SentinelTransport):
    """For sentinel://."""

    Channel = SentinelChannel


def register() -> None:
    """Use these for the addresses of this process; may be called again."""
    here = f"{__name__}:{Transport.__name__}"
    TRANSPORT_ALIASES.update(redis=here, rediss=here, sentinel=f"{__name__}:{SentinelTransport.__name__}")
