"""What is published: apps, every saved version of their configuration, what they use and where they are traced."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from homeport.runtime.db.columns import JsonColumn, utc_now
from homeport.runtime.db.tables import Created, Table


class AppMode(StrEnum):
    """What an app does with a question."""

    CHAT = "chat"
    COMPLETION = "completion"


class App(Created, Table):
    """An app of a workspace."""

    __tablename__ = "apps"
    __table_args__ = (Index("ix_apps_workspace_id_updated_at", "workspace_id", "updated_at"),)

    workspace_id: Mapped[str] = mapped_column(Uuid(as_uuid=False))
    name: Mapped[str]
    description: Mapped[str] = mapped_column(Text, default="")
    mode: Mapped[str] = mapped_column(String(20))
    icon_type: Mapped[str] = mapped_column(String(20), default="emoji")
    icon: Mapped[str] = mapped_column(default="🤖")
    icon_background: Mapped[str] = mapped_column(String(20), default="#EEF4FF")
    status: Mapped[str] = mapped_column(String(20), default="normal")
    enable_site: Mapped[bool] = mapped_column(default=True)
    enable_api: Mapped[bool] = mapped_column(default=True)
    #: Whether answers are handed to an observability service, and to which.
    tracing_enabled: Mapped[bool] = mapped_column(default=False)
    tracing_provider: Mapped[str | None] = mapped_column(String(40))
    #: The version of the configuration that runs.
    config_id: Mapped[str] = mapped_column(Uuid(as_uuid=False))
    created_by: Mapped[str | None] = mapped_column(Uuid(as_uuid=False))


class AppConfig(Table):
    """One saved configuration of an app; a save adds a row, so a message can tell with which one it was made."""

    __tablename__ = "app_configs"

    app_id: Mapped[str] = mapped_column(ForeignKey("apps.id", ondelete="CASCADE"), index=True)
    #: The established `model_config` document, unknown keys included.
    document: Mapped[dict[str, Any]] = mapped_column(JsonColumn)
    created_by: Mapped[str | None] = mapped_column(Uuid(as_uuid=False))
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class AppDataset(Table):
    """An app uses a dataset."""

    __tablename__ = "app_datasets"
    __table_args__ = (Index("uq_app_datasets_app_id_dataset_id", "app_id", "dataset_id", unique=True),)

    app_id: Mapped[str] = mapped_column(ForeignKey("apps.id", ondelete="CASCADE"))
    dataset_id: Mapped[str] = mapped_column(Uuid(as_uuid=False), index=True)


class TraceAppConfig(Created, Table):
    """How an app reaches one observability service."""

    __tablename__ = "trace_app_configs"
    __table_args__ = (Index("uq_trace_app_configs_app_id_tracing_provider", "app_id", "tracing_provider", unique=True),)

    app_id: Mapped[str] = mapped_column(ForeignKey("apps.id", ondelete="CASCADE"))
    tracing_provider: Mapped[str] = mapped_column(String(40))
    #: The fields of the service by name; secrets among them are sealed with the workspace's own key.
    tracing_config: Mapped[dict[str, Any]] = mapped_column(JsonColumn)
