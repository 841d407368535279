"""What only a real PostgreSQL shows: its plans and its locks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from homeport.backends.vectors.drivers.pgvector.connect import said
from homeport.backends.vectors.drivers.pgvector.driver import PgvectorVectors, open_driver
from homeport.backends.vectors.errors import Misconfigured, Unavailable
from homeport.backends.vectors.port import Condition, Filter, Point
from homeport.backends.vectors.settings import VectorSettings
from tests.support.pgvector_server import PgvectorServer


async def _execute(server: PgvectorServer, *statements: str) -> None:
    connection = await asyncpg.connect(host=server.host, port=server.port, user="postgres", database="postgres")
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


def _settings(server: PgvectorServer, database: str, **change: object) -> VectorSettings:
    chosen = {
        "vector_store": "pgvector",
        "pgvector_host": server.host,
        "pgvector_port": server.port,
        "pgvector_user": "postgres",
        "pgvector_database": database,
    }
    return VectorSettings.model_validate({**chosen, **change})


@asynccontextmanager
async def _bare_driver(server: PgvectorServer, folder: Path, *forbidden: str) -> AsyncGenerator[PgvectorVectors]:
    """The driver without guards, on a database of its own whose planner may not do what is forbidden."""
    database = f"plans_{uuid4().hex[:12]}"
    forbid = (f"ALTER DATABASE {database} SET enable_{plan} = off" for plan in forbidden)
    await _execute(server, f"CREATE DATABASE {database}", *forbid)
    driver = await open_driver(_settings(server, database), folder)
    yield driver
    await driver.close()
    await _execute(server, f"DROP DATABASE {database}")


async def test_the_index_goes_on_looking_until_the_filter_is_satisfied(
    pgvector_server: PgvectorServer, tmp_path: Path
) -> None:
    async with _bare_driver(pgvector_server, tmp_path, "seqscan", "sort", "bitmapscan") as vectors:
        await vectors.create("kb", 2)
        crowd = [Point(f"{n}", "kb", "crowd", "", [1.0, n / 10_000]) for n in range(800)]
        await vectors.add_texts([*crowd, Point("lone", "kb", "lone", "", [-1.0, 0.1], {"k": "x"})])
        found = await vectors.search_by_vector("kb", [1.0, 0.0], 2, filter=Filter((Condition("k", "is", "x"),)))
        assert [hit.id for hit in found] == ["lone"]


async def test_a_vector_of_zeros_is_not_found_without_the_index_either(
    pgvector_server: PgvectorServer, tmp_path: Path
) -> None:
    async with _bare_driver(pgvector_server, tmp_path, "indexscan") as vectors:
        await vectors.create("kb", 2)
        await vectors.add_texts([Point("zero", "kb", "d", "", [0.0, 0.0]), Point("one", "kb", "d", "", [1.0, 0.0])])
        assert [hit.id for hit in await vectors.search_by_vector("kb", [1.0, 0.0], 5)] == ["one"]


async def test_calls_that_store_the_same_points_in_other_orders_do_not_block_each_other(
    pgvector_server: PgvectorServer, tmp_path: Path
) -> None:
    async with _bare_driver(pgvector_server, tmp_path) as vectors:
        await vectors.create("kb", None)
        points = [Point(f"{n}", "kb", "d", "text") for n in range(200)]
        for _ in range(3):
            await asyncio.gather(*(vectors.add_texts(order) for order in (points, points[::-1]) * 2))
        assert await vectors.count("kb") == 200


async def test_a_server_that_goes_away_and_comes_back_is_unavailable_only_meanwhile(
    pgvector_server: PgvectorServer, tmp_path: Path
) -> None:
    async with _bare_driver(pgvector_server, tmp_path) as vectors:
        await vectors.create("kb", None)
        database = await vectors._pool.fetchval("SELECT current_database()")
        end = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'"
        await _execute(pgvector_server, end)
        # The ended connection may have been noticed before, or only by the call that meets it.
        with suppress(Unavailable):
            await vectors.check()
        await vectors.check()


async def test_a_connection_that_ends_while_a_statement_is_sent_is_unavailable() -> None:
    with pytest.raises(Unavailable) as caught:
        async with said():
            raise asyncpg.InternalClientError("cannot switch to state 11; another operation (2) is in progress")
    assert caught.value.temporary


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"pgvector_database": "nowhere"}, "PostgreSQL server refuses.*nowhere.*PGVECTOR_DATABASE"),
        ({"pgvector_user": "nobody_here"}, "PostgreSQL server refuses.*nobody_here.*PGVECTOR_USER"),
    ],
)
async def test_what_the_server_refuses_is_said_with_the_variables(
    pgvector_server: PgvectorServer, tmp_path: Path, change: dict[str, str], sentence: str
) -> None:
    with pytest.raises(Misconfigured, match=sentence):
        await open_driver(_settings(pgvector_server, "postgres", **change), tmp_path)


async def test_a_user_who_may_not_make_the_extension_is_told_who_can(
    pgvector_server: PgvectorServer, tmp_path: Path
) -> None:
    name = f"small_{uuid4().hex[:12]}"
    await _execute(pgvector_server, f"CREATE ROLE {name} LOGIN", f"CREATE DATABASE {name}")
    with pytest.raises(Misconfigured, match=r"lacks the extension vector.*let an administrator run CREATE EXTENSION"):
        await open_driver(_settings(pgvector_server, name, pgvector_user=name), tmp_path)
    await _execute(pgvector_server, f"DROP DATABASE {name}", f"DROP ROLE {name}")
