"""Every kind of Redis that may be named, each as real processes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from homeport.runtime.redis.settings import RedisSettings
from tests.support.certificates import make_certificate
from tests.support.redis_servers import (
    MASTER,
    PASSWORD,
    SENTINEL_PASSWORD,
    Watched,
    behind_sentinels,
    cluster,
    over_tls,
    redis_process,
    wait_for_slow_answers,
    with_password,
)


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that waits for the end of such a time sets it itself."""
    wait_for_slow_answers(monkeypatch)


def settings_of(**variables: object) -> RedisSettings:
    """By variable names, in small letters."""
    return RedisSettings.model_validate(variables)


def settings_of_sentinels(watched: Watched, **variables: object) -> RedisSettings:
    """For the master that is watched; on a busy machine a tenth of a second is too little."""
    return settings_of(
        **{
            "redis_use_sentinel": True,
            "redis_sentinels": watched.addresses,
            "redis_sentinel_service_name": MASTER,
            "redis_sentinel_password": SENTINEL_PASSWORD,
            "redis_sentinel_socket_timeout": 30,
            "redis_password": PASSWORD,
            **variables,
        }
    )


@contextmanager
def plain(folder: Path) -> Iterator[RedisSettings]:
    """No password, the older protocol, another database."""
    with redis_process(folder) as server:
        yield settings_of(redis_host="127.0.0.1", redis_port=server.port, redis_db=3, redis_serialization_protocol=2)


@contextmanager
def guarded(folder: Path) -> Iterator[RedisSettings]:
    """With a password."""
    with with_password(folder) as server:
        yield settings_of(redis_host="127.0.0.1", redis_port=server.port, redis_password=PASSWORD)


@contextmanager
def private(folder: Path) -> Iterator[RedisSettings]:
    """Over TLS, both sides checked."""
    certificate = make_certificate(folder)
    with over_tls(folder, certificate, ask_for_ours=True) as server:
        yield settings_of(
            redis_host="localhost",
            redis_port=server.port,
            redis_use_ssl=True,
            redis_ssl_cert_reqs="CERT_REQUIRED",
            redis_ssl_ca_certs=str(certificate.certificate),
            redis_ssl_certfile=str(certificate.certificate),
            redis_ssl_keyfile=str(certificate.key),
        )


@contextmanager
def watched(folder: Path) -> Iterator[RedisSettings]:
    """A master that Sentinels know."""
    with behind_sentinels(folder, down_after=60_000) as found:
        yield settings_of_sentinels(found)


@contextmanager
def sharded(folder: Path) -> Iterator[RedisSettings]:
    """A cluster of three, of which one is named."""
    with cluster(folder, password=PASSWORD) as nodes:
        yield settings_of(
            redis_use_clusters=True,
            redis_clusters=f"127.0.0.1:{nodes[0].port}",
            redis_clusters_password=PASSWORD,
        )


@pytest.fixture(scope="module", params=[plain, guarded, private, watched, sharded], ids=lambda one: one.__name__)
def any_redis(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisSettings]:
    """The settings of each kind in turn, with its servers running."""
    with request.param(tmp_path_factory.mktemp(request.param.__name__)) as settings:
        yield settings
