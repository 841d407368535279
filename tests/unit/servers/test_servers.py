"""The servers that tests are given: empty, usable, and honestly missing."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest
from sqlalchemy import text

from homeport.runtime.db.database import Database
from tests.support.servers import find_mysql, find_postgres, find_redis, free_port

# The outcomes of pytest.fail and pytest.skip are no ordinary exceptions.
FAILED = pytest.fail.Exception
SKIPPED = pytest.skip.Exception


@pytest.mark.parametrize("turn", ["first", "second"])
async def test_every_test_is_given_an_empty_database(database_url: str, turn: str) -> None:
    database = Database(database_url)
    async with database.begin() as session:
        await session.execute(text("CREATE TABLE only_once (id INTEGER)"))
        await session.execute(text("INSERT INTO only_once VALUES (1)"))
        assert (await session.execute(text("SELECT count(*) FROM only_once"))).scalar() == 1
    await database.close()


@pytest.mark.parametrize("turn", ["first", "second"])
def test_every_test_is_given_an_empty_redis(redis_url: str, turn: str) -> None:
    host, port = redis_url.removeprefix("redis://").split("/", maxsplit=1)[0].split(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(b"INCR seen\r\n")
        assert connection.recv(100) == b":1\r\n"


@pytest.mark.parametrize(
    ("find", "variable", "scheme"),
    [
        (find_postgres, "HOMEPORT_TEST_POSTGRES", "postgresql"),
        (find_mysql, "HOMEPORT_TEST_MYSQL", "mysql"),
        (lambda: find_redis().__enter__(), "HOMEPORT_TEST_REDIS", "redis"),
    ],
)
def test_a_server_given_by_variable_must_answer(
    monkeypatch: pytest.MonkeyPatch, find: Callable[[], object], variable: str, scheme: str
) -> None:
    monkeypatch.setenv(variable, f"{scheme}://nobody:hidden@127.0.0.1:{free_port()}/0")
    with pytest.raises(FAILED, match=variable) as failure:
        find()
    assert "hidden" not in str(failure.value)


@pytest.mark.parametrize(("ci", "outcome"), [("true", FAILED), ("", SKIPPED)])
def test_a_missing_server_fails_in_ci_and_skips_elsewhere(
    monkeypatch: pytest.MonkeyPatch, ci: str, outcome: type[Exception]
) -> None:
    monkeypatch.setenv("CI", ci)
    monkeypatch.delenv("HOMEPORT_TEST_POSTGRES", raising=False)
    monkeypatch.setattr("tests.support.servers._DEFAULT_POSTGRES", f"postgresql://x@127.0.0.1:{free_port()}/x")
    with pytest.raises(outcome, match="does not answer"):
        find_postgres()
