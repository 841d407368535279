"""What every test may ask for: an empty database on each engine, an empty Redis. A missing server is said."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import settings

from tests.support.rabbitmq_server import RabbitServer, find_rabbitmq
from tests.support.servers import (
    MysqlServer,
    PostgresServer,
    empty_redis,
    find_mysql,
    find_postgres,
    find_redis,
    own_name,
)

settings.register_profile("ci", derandomize=True, deadline=None)
settings.register_profile("local", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") == "true" else "local")

_configure = structlog.configure


def _configure_without_cache(**options: Any) -> None:
    """A command that runs in this process must not leave loggers behind that no later test can listen to."""
    _configure(**{**options, "cache_logger_on_first_use": False})


structlog.configure = _configure_without_cache  # type: ignore[assignment]

_MARKED_BY_FIXTURE = {
    "postgres_url": "postgres",
    "mysql_url": "mysql",
    "redis_url": "redis",
    "rabbitmq_url": "rabbitmq",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whoever uses a server carries its mark, so that `-m "not postgres"` leaves nobody behind."""
    for item in items:
        for fixture in set(getattr(item, "fixturenames", ())) & set(_MARKED_BY_FIXTURE):
            item.add_marker(_MARKED_BY_FIXTURE[fixture])


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """The PostgreSQL server; the database made on it is dropped at the end."""
    server = find_postgres()
    yield server
    server.drop(own_name())


@pytest.fixture(scope="session")
def mysql_server() -> Iterator[MysqlServer]:
    """The MySQL or MariaDB server; the database made on it is dropped at the end."""
    server = find_mysql()
    yield server
    server.drop(own_name())


@pytest.fixture(scope="session")
def redis_server() -> Iterator[str]:
    """The address of a Redis nobody else uses."""
    with find_redis() as address:
        yield address


@pytest.fixture(scope="session")
def rabbitmq_server() -> Iterator[RabbitServer]:
    """The RabbitMQ server; the virtual host made on it is removed at the end."""
    with find_rabbitmq(own_name()) as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> str:
    """An empty PostgreSQL database, as SQLAlchemy addresses it."""
    return postgres_server.empty_database(own_name())


@pytest.fixture
def mysql_url(mysql_server: MysqlServer) -> str:
    """An empty MySQL or MariaDB database, as SQLAlchemy addresses it."""
    return mysql_server.empty_database(own_name())


@pytest.fixture
def redis_url(redis_server: str) -> str:
    """An empty Redis database."""
    empty_redis(redis_server)
    return redis_server


@pytest.fixture
def rabbitmq_url(rabbitmq_server: RabbitServer) -> str:
    """The address of a virtual host of RabbitMQ without queues."""
    rabbitmq_server.empty()
    return rabbitmq_server.address


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """An empty SQLite database in a file, as SQLAlchemy addresses it."""
    return f"sqlite:///{tmp_path / 'homeport.db'}"


@pytest.fixture(
    params=[
        "sqlite",
        pytest.param("postgres", marks=pytest.mark.postgres),
        pytest.param("mysql", marks=pytest.mark.mysql),
    ]
)
def database_url(request: pytest.FixtureRequest) -> str:
    """An empty database on each engine in turn, as SQLAlchemy addresses it."""
    return str(request.getfixturevalue(f"{request.param}_url"))
