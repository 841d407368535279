"""Which database, and how its connections are pooled."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, NonNegativeInt, PositiveInt, SecretStr
from sqlalchemy import URL

from homeport.runtime.config.section import Section

Kind = Literal["sqlite", "postgresql", "mysql"]


class DatabaseSettings(Section):
    """The main database. Without `DB_TYPE` and `DB_HOST` it is one SQLite file in the data directory."""

    db_type: Kind | None = Field(None, description="Kind of database; SQLite unless a DB_HOST is given.")
    db_host: str = Field("", description="Host of the database server.")
    db_port: PositiveInt | None = Field(None, description="Port of the database server (5432 or 3306 by kind).")
    db_username: str = Field("postgres", description="User of the database server.")
    db_password: SecretStr = Field(SecretStr(""), description="Password of the database user.")
    db_database: str = Field("dify", description="Name of the database.")
    sqlalchemy_pool_size: NonNegativeInt = Field(30, description="Connections kept open.")
    sqlalchemy_max_overflow: NonNegativeInt = Field(10, description="Extra connections above the pool.")
    sqlalchemy_pool_recycle: NonNegativeInt = Field(3600, description="Seconds before a connection is renewed.")
    sqlalchemy_pool_timeout: NonNegativeInt = Field(30, description="Seconds to wait for a free connection.")
    sqlalchemy_pool_pre_ping: bool = Field(False, description="Test a connection before use.")
    sqlalchemy_pool_use_lifo: bool = Field(False, description="Reuse the most recent connection first.")
    sqlalchemy_echo: bool = Field(False, description="Log SQL statements.")

    @property
    def kind(self) -> Kind:
        """The kind in use: as set, else PostgreSQL when a host is given, else SQLite."""
        return self.db_type or ("postgresql" if self.db_host else "sqlite")

    def url(self, data_dir: Path) -> URL:
        """The SQLAlchemy address; an SQLite file lies in `data_dir`."""
        if self.kind == "sqlite":
            return URL.create("sqlite+inline", database=str(data_dir / "homeport.db"))
        driver, port, query = (
            ("postgresql+asyncpg", 5432, {})
            if self.kind == "postgresql"
            else ("mysql+asyncmy", 3306, {"charset": "utf8mb4"})
        )
        return URL.create(
            driver,
            username=self.db_username,
            password=self.db_password.get_secret_value() or None,
            host=self.db_host or "localhost",
            port=self.db_port or port,
            database=self.db_database,
            query=query,
        )
