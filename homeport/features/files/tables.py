"""Uploads. The row tells about a file, the storage holds it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey, Index, String, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from homeport.runtime.db.tables import Created, Table


class UploaderRole(StrEnum):
    """Who handed a file over."""

    ACCOUNT = "account"
    END_USER = "end_user"


class UploadFile(Created, Table):
    """A file somebody handed over."""

    __tablename__ = "upload_files"
    __table_args__ = (
        Index("ix_upload_files_workspace_id_created_at", "workspace_id", "created_at"),
        Index("ix_upload_files_created_by", "created_by"),
    )

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    #: Of the blob in the storage.
    key: Mapped[str] = mapped_column(String(255))
    name: Mapped[str] = mapped_column(String(255))
    #: In bytes.
    size: Mapped[int] = mapped_column(BigInteger)
    #: Lower case, without the dot; empty when the name has none.
    extension: Mapped[str] = mapped_column(String(32))
    mime_type: Mapped[str] = mapped_column(String(255))
    #: SHA-256 of the content, hexadecimal.
    hash: Mapped[str] = mapped_column(String(64))
    created_by_role: Mapped[str] = mapped_column(String(16))
    created_by: Mapped[str] = mapped_column(Uuid(as_uuid=False))
    #: Whether a message or document refers to it.
    used: Mapped[bool] = mapped_column(default=False)
    used_by: Mapped[str | None] = mapped_column(Uuid(as_uuid=False))
    used_at: Mapped[datetime | None]
