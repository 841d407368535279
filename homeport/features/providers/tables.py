"""The model providers a workspace has set up, and the models it prefers."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from homeport.runtime.db.columns import JsonColumn, LongText
from homeport.runtime.db.tables import Created, Table


class ProviderAccount(Created, Table):
    """How a workspace reaches a provider. The key is sealed with the workspace's own key."""

    __tablename__ = "provider_accounts"
    __table_args__ = (Index("uq_provider_accounts_workspace_id_provider", "workspace_id", "provider", unique=True),)

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    provider: Mapped[str] = mapped_column(String(100))
    base_url: Mapped[str] = mapped_column(String(500))
    sealed_key: Mapped[str] = mapped_column(LongText, default="")
    #: `[{"model": ..., "model_type": ..., "context_size": ...}]`, as listed when the account was saved.
    models: Mapped[list[Any]] = mapped_column(JsonColumn, default=list)


class DefaultModel(Created, Table):
    """The model of a type that a workspace uses where an app or dataset names none."""

    __tablename__ = "default_models"
    __table_args__ = (Index("uq_default_models_workspace_id_model_type", "workspace_id", "model_type", unique=True),)

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    model_type: Mapped[str] = mapped_column(String(40))
    provider: Mapped[str] = mapped_column(String(100))
    model: Mapped[str] = mapped_column(String(255))
