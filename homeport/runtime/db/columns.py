"""Column types that behave alike on SQLite, PostgreSQL and MySQL."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import JSON, DateTime, Dialect, LargeBinary, String, Text, TypeDecorator
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeEngine
from uuid_utils import uuid7

from homeport.runtime.lazy_module import LazyModule

if TYPE_CHECKING:
    from sqlalchemy.dialects import mysql
else:
    mysql = LazyModule("sqlalchemy.dialects.mysql")


def new_id() -> str:
    """A new UUID (version 7: ordered by time, so primary keys stay compact)."""
    return str(uuid7())


def utc_now() -> datetime:
    """The time now, with its zone (UTC)."""
    return datetime.now(UTC)


class UtcDateTime(TypeDecorator[datetime]):
    """A moment: aware (UTC) in Python, without a zone and to the microsecond in the database."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        """MySQL keeps microseconds only when asked."""
        if dialect.name == "mysql":
            return dialect.type_descriptor(mysql.DATETIME(fsp=6))
        return dialect.type_descriptor(DateTime())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """A naive time is refused: nobody could know what it means."""
        if value is None:
            return None
        if value.tzinfo is None:
            msg = f"{value!r} has no time zone"
            raise TypeError(msg)
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """The stored time is UTC."""
        return None if value is None else value.replace(tzinfo=UTC)


#: JSON values; binary JSON on PostgreSQL.
JsonColumn = JSON().with_variant(JSONB(), "postgresql")


class LongText(TypeDecorator[str]):
    """A text of any length; MySQL's TEXT ends at 64 KiB."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """MySQL's longest."""
        return mysql.LONGTEXT() if dialect.name == "mysql" else super().load_dialect_impl(dialect)


class ExactText(TypeDecorator[str]):
    """A text that equals only itself; MySQL would otherwise take `José` and `jose` for the same."""

    impl = String
    cache_ok = True

    def __init__(self, length: int) -> None:
        """`length`: characters, at most."""
        super().__init__(length)
        self.length = length

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Compared by its bytes."""
        if dialect.name != "mysql":
            return super().load_dialect_impl(dialect)
        return mysql.VARCHAR(self.length, charset="utf8mb4", collation="utf8mb4_bin")


class MediumBinary(TypeDecorator[bytes]):
    """Up to 16 MiB; MySQL's BLOB ends at 64 KiB."""

    impl = LargeBinary
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """MySQL's larger one."""
        return mysql.MEDIUMBLOB() if dialect.name == "mysql" else super().load_dialect_impl(dialect)
