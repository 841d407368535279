"""The established variables of the database, and what is said about those that do not fit."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict
from sqlalchemy import text

from homeport.runtime.config.errors import ConfigurationError
from homeport.runtime.config.load import load
from homeport.runtime.config.sources import Sources
from homeport.runtime.db.database import Database
from homeport.runtime.db.extras import DatabaseMisconfigured, translate
from homeport.runtime.db.settings import DatabaseSettings
from tests.support.certificates import make_certificate


class Tree(BaseModel):
    model_config = ConfigDict(frozen=True)

    database: DatabaseSettings


def read(**variables: str) -> DatabaseSettings:
    return load(Tree, Sources(variables)).database


@pytest.mark.parametrize(
    ("variables", "address"),
    [
        ({}, "sqlite+inline:///data/homeport.db"),
        ({"DB_HOST": "db"}, "postgresql+asyncpg://postgres@db:5432/dify"),
        ({"DB_TYPE": "postgresql", "DB_PASSWORD": "a:b@c"}, "postgresql+asyncpg://postgres:a%3Ab%40c@localhost:5432/dify"),
        ({"DB_TYPE": "mysql", "DB_HOST": "db", "DB_CHARSET": "utf8"}, "mysql+asyncmy://postgres@db:3306/dify?charset=utf8mb4"),
    ],
)  # fmt: skip
def test_the_address_follows_from_the_settings(variables: dict[str, str], address: str) -> None:
    settings = read(**variables)
    assert settings.url(Path("data")).render_as_string(hide_password=False) == address
    assert address.startswith(settings.uri_scheme)


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"DB_TYPE": "oceanbase"}, "DB_TYPE is 'oceanbase' (from environment): this version has not been tried with"),
        ({"DB_TYPE": "seekdb"}, "since it speaks MySQL's protocol, mysql may do, without promise."),
        ({"DB_TYPE": "postgres"}, "accepted is 'sqlite', 'postgresql' or 'mysql'."),
        ({"DB_HOST": "db", "DB_CHARSET": "latin1"}, "accepted is utf8 (or utf8mb4); with another one texts"),
        ({"DB_HOST": "db", "DB_EXTRAS": "sslmod=require"}, "'sslmod' is no option for postgresql (did you mean"),
        ({"DB_HOST": "db", "DB_EXTRAS": "sslmode=always"}, "sslmode is 'always', accepted for postgresql is disable,"),
        ({"DB_TYPE": "mysql", "DB_EXTRAS": "ssl_mode=PREFERRED"}, "sslmode is 'prefer', accepted for mysql is disable"),
        ({"DB_HOST": "db", "DB_EXTRAS": "connect_timeout=soon"}, "connect_timeout is 'soon', accepted is a whole"),
        ({"DB_HOST": "db", "DB_EXTRAS": "options=public"}, "options is not understood, accepted is such as -c"),
        ({"DB_TYPE": "mysql", "DB_EXTRAS": "charset=latin1"}, "accepted is utf8 (or utf8mb4)"),
    ],
)  # fmt: skip
def test_what_is_not_accepted_is_one_sentence(variables: dict[str, str], sentence: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        read(**variables)
    [problem] = refused.value.problems
    assert sentence in problem


def test_extras_of_a_server_do_not_matter_to_sqlite() -> None:
    assert read(DB_EXTRAS="whatever=1").kind == "sqlite"


def test_options_reach_the_driver_of_postgresql() -> None:
    found = translate(
        "postgresql",
        "?options=-c%20search_path%3Dmine%20--jit%3Doff&application_name=home&connect_timeout=7&statement_cache_size=0",
    )
    assert found.driver == {
        "server_settings": {"search_path": "mine", "jit": "off", "application_name": "home"},
        "timeout": 7,
        "statement_cache_size": 0,
    }
    assert found.keepalive is None


def test_options_reach_the_driver_of_mysql() -> None:
    assert translate("mysql", "connect_timeout=7&ssl-mode=DISABLED&charset=utf8mb4").driver == {"connect_timeout": 7}


@pytest.mark.parametrize(("server", "mode"), [("postgresql", "sslmode=require"), ("mysql", "ssl_mode=REQUIRED")])
def test_tls_that_is_required_alone_is_not_checked(server: str, mode: str) -> None:
    context = translate(server, mode).driver["ssl"]  # type: ignore[arg-type]
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_NONE, False)


@pytest.mark.parametrize(
    ("mode", "checks_name"), [("", False), ("require", False), ("verify-ca", False), ("verify-full", True)]
)
def test_an_authority_that_is_named_is_asked(tmp_path: Path, mode: str, checks_name: bool) -> None:
    file = make_certificate(tmp_path).certificate
    for server, name in (("postgresql", "sslrootcert"), ("mysql", "ssl_ca")):
        context = translate(server, f"{name}={file}" + (f"&sslmode={mode}" if mode else "")).driver["ssl"]  # type: ignore[arg-type]
        assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, checks_name)


@pytest.mark.parametrize(("mode", "given"), [("disable", False), ("allow", "allow"), ("prefer", "prefer")])
def test_weaker_modes_are_the_drivers_own(mode: str, given: object) -> None:
    assert translate("postgresql", f"sslmode={mode}").driver == {"ssl": given}


def test_a_certificate_that_is_not_there_is_said() -> None:
    with pytest.raises(DatabaseMisconfigured, match=r"^DB_EXTRAS: sslcert names /nowhere\.pem, which is not a file\.$"):
        translate("postgresql", "sslcert=/nowhere.pem")


async def test_a_silent_connection_is_tested_as_asked(postgres_url: str) -> None:
    settings = read(DB_TYPE="postgresql", DB_EXTRAS="keepalives=1&keepalives_idle=61&application_name=kept")
    database = Database(postgres_url, settings)
    async with database.engine.connect() as connection:
        assert (await connection.execute(text("SHOW application_name"))).scalar() == "kept"
        raw = (await connection.get_raw_connection()).driver_connection
        found = raw._transport.get_extra_info("socket")  # type: ignore[union-attr]
        assert found.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        assert found.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 61
    await database.close()


async def test_the_schema_of_the_connection_is_chosen_by_an_option(postgres_url: str) -> None:
    database = Database(postgres_url, read(DB_TYPE="postgresql", DB_EXTRAS="options=-c search_path=elsewhere"))
    async with database.read() as session:
        assert (await session.execute(text("SHOW search_path"))).scalar() == "elsewhere"
    await database.close()


def test_a_statement_log_that_shows_rows_is_not_to_be_had() -> None:
    assert read(SQLALCHEMY_ECHO="debug").sqlalchemy_echo is True
    assert read(SQLALCHEMY_ECHO="false").sqlalchemy_echo is False
