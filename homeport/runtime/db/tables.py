"""The base of every table."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import MetaData, String, Uuid
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from homeport.runtime.db.columns import JsonColumn, UtcDateTime, new_id, utc_now


class Table(DeclarativeBase):
    """A table whose primary key is a time-ordered UUID text."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: UtcDateTime,
        dict[str, Any]: JsonColumn,
        list[str]: JsonColumn,
        list[Any]: JsonColumn,
        str: String(255),
    }
    __abstract__ = True

    id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True, default=new_id)


class Created:
    """When a row was made and last changed."""

    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    updated_at: Mapped[datetime] = mapped_column(default=utc_now, onupdate=utc_now)
