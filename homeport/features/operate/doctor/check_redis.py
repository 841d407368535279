"""Redis takes a value and gives it back."""

from __future__ import annotations

import importlib
from uuid import uuid4

from homeport.features.operate.doctor.findings import Finding, ok, problem, skipped, warning
from homeport.runtime.redis.port import Redis
from homeport.runtime.redis.settings import RedisSettings

_SECONDS_KEPT = 60


async def check_redis(settings: RedisSettings) -> list[Finding]:
    """Writes, reads and deletes a key."""
    if settings.kind is None:
        return [skipped("REDIS_HOST is not set: no Redis is used.")]
    redis: Redis = importlib.import_module("homeport.runtime.redis.connect").open_redis(settings)
    key, value = f"homeport:doctor:{uuid4()}", b"well"
    try:
        await redis.check()
        await redis.client.set(key, value, ex=_SECONDS_KEPT)
        found = await redis.client.get(key)
        await redis.client.delete(key)
    finally:
        await redis.close()
    if found != value:
        return [problem("Redis did not give back what was written.", cause="Its memory may be full.")]
    return [ok(f"Redis ({settings.kind}) took a value and gave it back."), *_unchecked(settings)]


def _unchecked(settings: RedisSettings) -> list[Finding]:
    if not settings.redis_use_ssl or settings.redis_ssl_cert_reqs != "CERT_NONE":
        return []
    return [
        warning(
            "Redis' certificate is not checked.",
            cause="Whoever sits between here and Redis can read along, in spite of TLS.",
            fix="Set REDIS_SSL_CERT_REQS to CERT_REQUIRED, and REDIS_SSL_CA_CERTS to its authority.",
        )
    ]
