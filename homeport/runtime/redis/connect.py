"""The asynchronous client, by the settings. Needs the extra `fleet`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import structlog
from redis.asyncio import Redis, RedisCluster
from redis.asyncio.cluster import ClusterNode
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel
from redis.backoff import ExponentialWithJitterBackoff
from redis.exceptions import NoPermissionError, RedisClusterException, RedisError
from redis.maint_notifications import MaintNotificationsConfig

from homeport.runtime.redis.errors import RedisMisconfigured, RedisUnavailable
from homeport.runtime.redis.explain import Place, explain
from homeport.runtime.redis.settings import RedisSettings

log = structlog.get_logger(__name__)

_CONNECT_SECONDS = 2.0
_ANSWER_SECONDS = 5.0
#: A check answers within the patience of a probe.
_CHECK_SECONDS = 2.5
#: A connection that was idle for so long is tried with a PING before it is used.
_HEALTH_SECONDS = 30
_RETRIES = 3
_Sentinel: Any = Sentinel  # its constructor has no types
_FAILURES = (RedisError, RedisClusterException, OSError, TimeoutError)


class Cluster(RedisCluster):
    """Knows the slots before it chooses a node: the first commands would else go to any node, and be sent on."""

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        """Any command."""
        if self._initialize:
            await self.initialize()
        return await super().execute_command(*args, **options)


class OpenRedis:
    """A client whose connections are made when they are used, and what is wrong when they cannot be."""

    def __init__(self, settings: RedisSettings, client: Redis | RedisCluster, sentinel: Sentinel | None = None) -> None:
        """See `open_redis`."""
        self._settings = settings
        self._sentinel = sentinel
        self.client = client

    async def check(self) -> None:
        """Raise one sentence unless Redis answers and is what the settings say it is.

        Raises `RedisMisconfigured` for what an operator has to change, `RedisUnavailable` for what may pass.
        """
        place = self._place()
        try:
            async with asyncio.timeout(_CHECK_SECONDS):
                if self._sentinel is not None:
                    await self._ask_sentinels(self._sentinel)
                if isinstance(self.client, RedisCluster):
                    await self._check_cluster(self.client)
                else:
                    await self._check_server(self.client)
        except _FAILURES as error:
            raise explain(place, error, seconds=_CHECK_SECONDS) from error

    async def close(self) -> None:
        """Close every connection."""
        await self.client.aclose()
        if self._sentinel is not None:
            await self._sentinel.aclose()

    async def _check_server(self, client: Redis) -> None:
        await client.ping()
        place = self._place().name
        if (await _info(client, "cluster")).get("cluster_enabled") == 1:
            raise RedisMisconfigured(
                f"{place} is a node of a cluster: set REDIS_USE_CLUSTERS to true and REDIS_CLUSTERS to its nodes."
            )
        if (await _info(client, "replication")).get("role") == "slave":
            raise RedisUnavailable(f"{place} is a replica, which takes no writes: REDIS_HOST must name the master.")

    async def _check_cluster(self, client: RedisCluster) -> None:
        state = await client.cluster_info(target_nodes=RedisCluster.RANDOM)
        if state.get("cluster_state") != "ok":
            raise RedisUnavailable(f"{self._place().name} is down: not all of its slots are served.")

    async def _ask_sentinels(self, sentinel: Sentinel) -> None:
        """The library names no reason when it finds no master, so each Sentinel is asked here."""
        wanted = self._settings.redis_sentinel_service_name
        seconds = self._settings.redis_sentinel_socket_timeout
        first: Exception | None = None
        known: set[str] = set()
        for address, client in zip(self._settings.redis_sentinels, list(sentinel.sentinels), strict=True):
            try:
                masters = {str(name) for name in await client.sentinel_masters()}
            except _FAILURES as error:
                first = first or explain(self._sentinel_place(str(address)), error, seconds=seconds)
                continue
            if wanted in masters:
                return
            known.update(masters)
        if known:
            names = ", ".join(repr(name) for name in sorted(known))
            raise RedisMisconfigured(
                f"The Sentinels know no master named {wanted!r}, only {names}: check REDIS_SENTINEL_SERVICE_NAME."
            )
        raise first or RedisMisconfigured("The Sentinels watch no master at all.")

    def _place(self) -> Place:
        settings = self._settings
        where = ", ".join(str(address) for address in settings.first_addresses)
        if settings.kind == "sentinel":
            name = f"The Redis master {settings.redis_sentinel_service_name!r}"
        else:
            name = f"The Redis cluster at {where}" if settings.kind == "cluster" else f"Redis at {where}"
        variable = "REDIS_CLUSTERS_PASSWORD" if settings.kind == "cluster" else "REDIS_PASSWORD"
        return Place(name, settings.redis_use_ssl, password_variable=variable)

    def _sentinel_place(self, address: str) -> Place:
        return Place(
            f"The Sentinel at {address}",
            self._settings.redis_sentinel_use_ssl,
            tls_variable="REDIS_SENTINEL_USE_SSL",
            user_variable="REDIS_SENTINEL_USERNAME",
            password_variable="REDIS_SENTINEL_PASSWORD",  # noqa: S106 - the name of a variable
        )


def open_redis(settings: RedisSettings) -> OpenRedis:
    """The client for what `settings` name; it connects when it is first used.

    Raises `RedisMisconfigured` when a certificate cannot be read.
    """
    _check_files(settings)
    if settings.redis_enable_client_side_cache:
        log.info("REDIS_ENABLE_CLIENT_SIDE_CACHE has no effect: the asynchronous client keeps no local copies")
    if settings.kind == "cluster":
        if settings.redis_db:
            log.info("REDIS_DB has no effect: a Redis cluster has one database", redis_db=settings.redis_db)
        nodes = [ClusterNode(*address) for address in settings.redis_clusters]
        # 0: what was moved is noted; every fifth move would else close the connections that others are using.
        return OpenRedis(settings, Cluster(startup_nodes=nodes, reinitialize_steps=0, **_options(settings)))
    if settings.kind == "sentinel":
        options = {**_options(settings), "db": settings.redis_db}
        asked = _sentinel_options(settings)
        sentinel: Sentinel = _Sentinel(list(settings.redis_sentinels), sentinel_kwargs=asked, **options)
        return OpenRedis(settings, sentinel.master_for(settings.redis_sentinel_service_name or ""), sentinel)
    [(host, port)] = settings.first_addresses
    return OpenRedis(settings, Redis(host=host, port=port, db=settings.redis_db, **_options(settings)))


def _options(settings: RedisSettings) -> dict[str, Any]:
    """For the servers that hold the data."""
    return {
        "username": settings.redis_username,
        "password": settings.password,
        "protocol": settings.redis_serialization_protocol,
        "socket_connect_timeout": _CONNECT_SECONDS,
        "socket_timeout": _ANSWER_SECONDS,
        "health_check_interval": _HEALTH_SECONDS,
        "retry": Retry(ExponentialWithJitterBackoff(base=0.05, cap=1.0), _RETRIES),
        # Asks each new connection for news of a commercial server, which others refuse.
        "maint_notifications_config": MaintNotificationsConfig(enabled=False),
        **(settings.certificates | {"ssl": True} if settings.redis_use_ssl else {}),
    }


def _sentinel_options(settings: RedisSettings) -> dict[str, Any]:
    password = settings.redis_sentinel_password
    return {
        "username": settings.redis_sentinel_username,
        "password": password.get_secret_value() if password else None,
        "protocol": settings.redis_serialization_protocol,
        "socket_connect_timeout": settings.redis_sentinel_socket_timeout,
        "socket_timeout": settings.redis_sentinel_socket_timeout,
        "retry": Retry(ExponentialWithJitterBackoff(base=0.05, cap=0.2), 1),
        "maint_notifications_config": MaintNotificationsConfig(enabled=False),
        **(settings.certificates | {"ssl": True} if settings.redis_sentinel_use_ssl else {}),
    }


def _check_files(settings: RedisSettings) -> None:
    if not (settings.redis_use_ssl or settings.redis_sentinel_use_ssl):
        return
    for variable in ("redis_ssl_ca_certs", "redis_ssl_certfile", "redis_ssl_keyfile"):
        name = getattr(settings, variable)
        if name and not Path(name).is_file():
            raise RedisMisconfigured(f"{variable.upper()} names {name}, which is not a file.")


async def _info(client: Redis, section: str) -> dict[str, Any]:
    try:
        answer: dict[str, Any] = await client.info(section)
    except NoPermissionError:  # an access list that leaves it out is no fault
        return {}
    return answer
