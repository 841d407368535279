"""Which database, and how its connections are pooled."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, NonNegativeInt, PositiveInt, SecretStr, ValidationInfo, field_validator
from sqlalchemy import URL

from homeport.runtime.config.section import Section
from homeport.runtime.db.extras import check_charset, read_extras

Kind = Literal["sqlite", "postgresql", "mysql"]


_DRIVERS: dict[Kind, str] = {
    "sqlite": "sqlite+inline",
    "postgresql": "postgresql+asyncpg",
    "mysql": "mysql+asyncmy",
}
_PORTS = {"postgresql": 5432, "mysql": 3306}


def _known_kind(value: Any) -> Any:
    if value in ("oceanbase", "seekdb"):
        raise ValueError(
            "this version has not been tried with it; accepted is sqlite, postgresql or mysql, and since it speaks "
            "MySQL's protocol, mysql may do, without promise"
        )
    return value


def _switch(value: Any) -> Any:
    return True if value == "debug" else value


class DatabaseSettings(Section):
    """The main database. Without `DB_TYPE` and `DB_HOST` it is one SQLite file in the data directory."""

    db_type: Kind | None = Field(None, description="Kind of database; SQLite unless a DB_HOST is given.")
    db_host: str = Field("", description="Host of the database server.")
    db_port: PositiveInt | None = Field(None, description="Port of the database server (5432 or 3306 by kind).")
    db_username: str = Field("postgres", description="User of the database server.")
    db_password: SecretStr = Field(SecretStr(""), description="Password of the database user.")
    db_database: str = Field("dify", description="Name of the database.")
    db_charset: str = Field("", description="Character set of the connection: utf8, which it is anyway.")
    db_extras: str = Field(
        "", description="Further options as in an address, such as sslmode=require&application_name=homeport."
    )
    sqlalchemy_pool_size: NonNegativeInt = Field(30, description="Connections kept open; 0 sets no limit.")
    sqlalchemy_max_overflow: NonNegativeInt = Field(10, description="Extra connections above the pool.")
    sqlalchemy_pool_recycle: NonNegativeInt = Field(3600, description="Seconds before a connection is renewed.")
    sqlalchemy_pool_timeout: NonNegativeInt = Field(30, description="Seconds to wait for a free connection.")
    sqlalchemy_pool_pre_ping: bool = Field(False, description="Test a connection before use.")
    sqlalchemy_pool_use_lifo: bool = Field(False, description="Reuse the most recent connection first.")
    sqlalchemy_echo: Annotated[bool, BeforeValidator(_switch)] = Field(
        False, description="Log SQL statements; debug counts as true, the rows found are never logged."
    )

    @field_validator("db_type", mode="before")
    @classmethod
    def _kind_is_known(cls, value: Any) -> Any:
        return _known_kind(value)

    @field_validator("db_charset")
    @classmethod
    def _charset_holds_every_text(cls, value: str) -> str:
        check_charset(value)
        return value

    @field_validator("db_extras")
    @classmethod
    def _extras_are_known(cls, value: str, info: ValidationInfo) -> str:
        if "db_type" not in info.data:  # wrong itself, and said
            return value
        kind = _kind(info.data["db_type"], info.data.get("db_host", ""))
        if kind != "sqlite":
            read_extras(kind, value)
        return value

    @property
    def kind(self) -> Kind:
        """The kind in use: as set, else PostgreSQL when a host is given, else SQLite."""
        return _kind(self.db_type, self.db_host)

    @property
    def uri_scheme(self) -> str:
        """How the SQLAlchemy address begins: the kind and its driver."""
        return _DRIVERS[self.kind]

    def url(self, data_dir: Path) -> URL:
        """The SQLAlchemy address; an SQLite file lies in `data_dir`."""
        if self.kind == "sqlite":
            return URL.create(self.uri_scheme, database=str(data_dir / "homeport.db"))
        return URL.create(
            self.uri_scheme,
            username=self.db_username,
            password=self.db_password.get_secret_value() or None,
            host=self.db_host or "localhost",
            port=self.db_port or _PORTS[self.kind],
            database=self.db_database,
            query={"charset": "utf8mb4"} if self.kind == "mysql" else {},
        )


def _kind(db_type: Kind | None, db_host: str) -> Kind:
    return db_type or ("postgresql" if db_host else "sqlite")
