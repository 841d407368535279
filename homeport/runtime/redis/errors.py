"""What can be wrong with Redis."""

from __future__ import annotations

from homeport.runtime.errors import HomeportError, Unavailable


class RedisMisconfigured(HomeportError):
    """A setting of Redis does not fit the server."""

    code = "redis_misconfigured"


class RedisUnavailable(Unavailable):
    """Redis does not answer."""

    code = "redis_unavailable"
