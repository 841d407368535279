"""The database over TLS, as DB_EXTRAS asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.engine import URL

from homeport.runtime.db.database import Database
from homeport.runtime.db.faults import DatabaseUnavailable
from homeport.runtime.db.settings import DatabaseSettings
from tests.support.certificates import Certificate, make_certificate
from tests.support.tls_servers import mariadb_over_tls, postgres_over_tls

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def postgres() -> Iterator[tuple[int, Certificate]]:
    with postgres_over_tls() as server:
        yield server


@pytest.fixture(scope="module")
def mariadb() -> Iterator[tuple[int, Certificate]]:
    with mariadb_over_tls() as server:
        yield server


def postgres_at(port: int, extras: str, host: str = "127.0.0.1") -> Database:
    settings = DatabaseSettings.model_validate({"db_type": "postgresql", "db_extras": extras})
    return Database(URL.create("postgresql+asyncpg", "postgres", None, host, port, "postgres"), settings)


def mariadb_at(port: int, extras: str, host: str = "127.0.0.1") -> Database:
    settings = DatabaseSettings.model_validate({"db_type": "mysql", "db_extras": extras})
    return Database(URL.create("mysql+asyncmy", "tests", "tests", host, port, "tests"), settings)


@pytest.mark.parametrize("extras", ["", "sslmode=prefer", "sslmode=require", "sslmode=verify-full&sslrootcert={ca}"])
@pytest.mark.postgres
async def test_postgresql_is_spoken_to_over_tls(postgres: tuple[int, Certificate], extras: str) -> None:
    port, certificate = postgres
    database = postgres_at(port, extras.format(ca=certificate.certificate))
    async with database.read() as session:
        found = await session.execute(text("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"))
        assert found.scalar() is True
    await database.close()


@pytest.mark.parametrize(
    ("extras", "sentence"),
    [("sslmode=disable", "no encryption"), ("sslmode=verify-full&sslrootcert={other}", "certificate verify failed")],
)
@pytest.mark.postgres
async def test_postgresql_is_not_spoken_to_otherwise(
    postgres: tuple[int, Certificate], tmp_path: Path, extras: str, sentence: str
) -> None:
    other = make_certificate(tmp_path).certificate
    database = postgres_at(postgres[0], extras.format(other=other))
    with pytest.raises(DatabaseUnavailable, match=rf"does not answer: .*{sentence}"):
        await database.ping()
    await database.close()


@pytest.mark.parametrize("extras", ["sslmode=require", "ssl_ca={ca}", "ssl_mode=VERIFY_IDENTITY&ssl_ca={ca}"])
@pytest.mark.mysql
async def test_mariadb_is_spoken_to_over_tls(mariadb: tuple[int, Certificate], extras: str) -> None:
    port, certificate = mariadb
    database = mariadb_at(port, extras.format(ca=certificate.certificate))
    async with database.read() as session:
        found = await session.execute(text("SHOW STATUS LIKE 'Ssl_cipher'"))
        assert found.one()[1] != ""
    await database.close()


@pytest.mark.parametrize(
    ("extras", "sentence"), [("", "Access denied"), ("ssl_ca={other}", "certificate verify failed")]
)
@pytest.mark.mysql
async def test_mariadb_is_not_spoken_to_otherwise(
    mariadb: tuple[int, Certificate], tmp_path: Path, extras: str, sentence: str
) -> None:
    other = make_certificate(tmp_path).certificate
    database = mariadb_at(mariadb[0], extras.format(other=other))
    with pytest.raises(DatabaseUnavailable, match=rf"does not answer: .*{sentence}"):
        await database.ping()
    await database.close()


@pytest.mark.mysql
async def test_tls_that_a_server_does_not_have_is_not_left_out(mysql_url: str) -> None:
    settings = DatabaseSettings.model_validate({"db_type": "mysql", "db_extras": "sslmode=require"})
    database = Database(mysql_url, settings)
    with pytest.raises(DatabaseUnavailable):
        await database.ping()
    await database.close()
