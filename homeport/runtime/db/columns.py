"""Column types that behave alike on SQLite, PostgreSQL and MySQL."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, DateTime, Dialect, Text, TypeDecorator
from sqlalchemy.dialects.mysql import DATETIME, LONGTEXT
from sqlalchemy.dialects.postgresql import JSONB
from uuid_utils import uuid7


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
            return dialect.type_descriptor(DATETIME(fsp=6))
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

#: A text of any length.
LongText = Text().with_variant(LONGTEXT(), "mysql")
