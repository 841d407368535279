"""The broker's address and options, from the settings; and what is wrong with them, before anything is opened."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from homeport.runtime.errors import HomeportError
from homeport.runtime.redis.addresses import Address
from homeport.runtime.redis.settings import RedisSettings
from homeport.runtime.tasks.settings import CelerySettings

#: Seconds to wait for a connection.
CONNECT_SECONDS = 2
#: Seconds that a connection which is there may say nothing when an answer is due. A network that was parted, or a
#: firewall that has forgotten a connection, is noticed within two to three times as long.
SILENCE_SECONDS = 10

_SCHEMES = ("redis", "rediss", "redis+socket", "sentinel", "amqp", "amqps")
_WITH_TLS = {"redis": "rediss", "amqp": "amqps"}
_NO_CLUSTER = (
    "Jobs cannot be announced through a Redis Cluster: give CELERY_BROKER_URL a broker of its own, "
    "a single Redis (redis://), one behind Sentinels (sentinel://) or RabbitMQ (amqp://)."
)


class BrokerMisconfigured(HomeportError):
    """The address of the broker is not one."""

    code = "broker_misconfigured"


@dataclass(frozen=True, slots=True)
class Broker:
    """How Celery is to reach it."""

    #: With its password.
    address: str
    transport_options: dict[str, Any]
    #: Options of TLS, None without.
    tls: dict[str, Any] | None


def find_broker(settings: CelerySettings, redis: RedisSettings | None = None) -> Broker:
    """The broker; certificates are checked and shown as `REDIS_SSL_*` of `redis` say. Raises `BrokerMisconfigured`."""
    address = settings.celery_broker_url.get_secret_value() if settings.celery_broker_url else ""
    redis = redis or RedisSettings()
    scheme = _check(settings, redis, address)
    if settings.broker_use_ssl and scheme in _WITH_TLS:
        address, scheme = f"{_WITH_TLS[scheme]}{address.removeprefix(scheme)}", _WITH_TLS[scheme]
    return Broker(address, _transport_options(settings, redis, scheme), _tls(settings, redis, scheme, address))


def proposed_address(redis: RedisSettings) -> str:
    """What CELERY_BROKER_URL might be, given the Redis that is set; an example when none is."""
    password = ":password@" if redis.password else ""
    if redis.kind == "sentinel":
        return ";".join(f"sentinel://{password}{one}/1" for one in redis.redis_sentinels)
    if redis.kind == "standalone":
        scheme = "rediss" if redis.redis_use_ssl else "redis"
        return f"{scheme}://{password}{redis.first_addresses[0]}/1"
    return "redis://:password@redis:6379/1"


def _check(settings: CelerySettings, redis: RedisSettings, address: str) -> str:
    """The scheme of a good address; raises what is wrong with it."""
    scheme, mark, _ = address.partition("://")
    if mark and "cluster" in scheme:
        raise BrokerMisconfigured(_NO_CLUSTER)
    if scheme not in _SCHEMES or not mark:
        found = f"begins with {scheme + mark!r}" if mark else "is no address" if address else "is not set"
        accepted = ", ".join(f"{one}://" for one in _SCHEMES)
        raise BrokerMisconfigured(f"CELERY_BROKER_URL {found}; accepted is an address that begins with {accepted}.")
    if scheme == "sentinel" and not settings.celery_sentinel_master_name:
        raise BrokerMisconfigured(
            "CELERY_BROKER_URL names Sentinels; CELERY_SENTINEL_MASTER_NAME must say which master to ask them for."
        )
    if settings.celery_use_sentinel and scheme != "sentinel":
        raise BrokerMisconfigured(
            f"CELERY_USE_SENTINEL is true, but CELERY_BROKER_URL begins with '{scheme}://'; accepted are addresses of "
            "Sentinels separated by semicolons, such as sentinel://:password@sentinel-1:26379/1;sentinel://sentinel-2:26379."
        )
    if redis.kind == "cluster" and scheme in ("redis", "rediss") and _address_of(address) in redis.redis_clusters:
        raise BrokerMisconfigured(f"CELERY_BROKER_URL names a node of REDIS_CLUSTERS. {_NO_CLUSTER}")
    return scheme


def _address_of(url: str) -> Address | None:
    try:
        parts = urlsplit(url)
        return Address(parts.hostname or "", parts.port or 6379)
    except ValueError:
        return None


def _transport_options(settings: CelerySettings, redis: RedisSettings, scheme: str) -> dict[str, Any]:
    if scheme.startswith("amqp"):
        return {"read_timeout": SILENCE_SECONDS, "write_timeout": SILENCE_SECONDS}
    # What a worker has taken is noted in the row. kombu's own notes in Redis cost two round trips a message, and give a
    # dead worker's messages back later than the sweep does.
    options: dict[str, Any] = {
        "ack_emulation": False,
        "socket_connect_timeout": CONNECT_SECONDS,
        "socket_timeout": SILENCE_SECONDS,
        "health_check_interval": SILENCE_SECONDS,
    }
    if scheme == "sentinel":
        password = settings.celery_sentinel_password
        options["master_name"] = settings.celery_sentinel_master_name
        options["sentinel_kwargs"] = {
            "socket_timeout": settings.celery_sentinel_socket_timeout,
            "password": password.get_secret_value() if password else None,
            **(redis.certificates | {"ssl": True} if redis.redis_sentinel_use_ssl else {}),
        }
    return options


def _tls(settings: CelerySettings, redis: RedisSettings, scheme: str, address: str) -> dict[str, Any] | None:
    """None also where the address carries its own options, and for AMQP, which checks by the system's authorities."""
    if re.search(r"[?&]ssl_", address):
        return None
    return (
        dict(redis.certificates) if scheme == "rediss" or (scheme == "sentinel" and settings.broker_use_ssl) else None
    )
