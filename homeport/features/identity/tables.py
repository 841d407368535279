"""The installation, accounts, workspaces, memberships, sessions, keys, end users."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from homeport.features.identity.roles import Role
from homeport.runtime.db.columns import ExactText, utc_now
from homeport.runtime.db.tables import Created, Table


class AccountStatus(StrEnum):
    """Only an active account may log in."""

    PENDING = "pending"
    ACTIVE = "active"
    BANNED = "banned"
    CLOSED = "closed"


class WorkspaceStatus(StrEnum):
    """An archived workspace answers nothing."""

    NORMAL = "normal"
    ARCHIVE = "archive"


class KeyKind(StrEnum):
    """What an API key opens."""

    APP = "app"
    DATASET = "dataset"


class Account(Created, Table):
    """A person who may log in to the console."""

    __tablename__ = "accounts"

    #: In lower case.
    email: Mapped[str] = mapped_column(ExactText(255), unique=True)
    name: Mapped[str] = mapped_column(String(255))
    password_hash: Mapped[str] = mapped_column(String(255))
    interface_language: Mapped[str] = mapped_column(String(20), default="en-US")
    timezone: Mapped[str] = mapped_column(String(64), default="UTC")
    status: Mapped[str] = mapped_column(String(16), default=AccountStatus.ACTIVE)
    last_login_at: Mapped[datetime | None]
    last_login_ip: Mapped[str | None] = mapped_column(String(64))


class Workspace(Created, Table):
    """What its members share: apps, datasets, models, keys."""

    __tablename__ = "workspaces"

    name: Mapped[str] = mapped_column(String(255))
    #: The key its secrets are sealed with, itself sealed with the master key.
    sealed_key: Mapped[str] = mapped_column(String(255))
    status: Mapped[str] = mapped_column(String(16), default=WorkspaceStatus.NORMAL)


class Membership(Created, Table):
    """An account in a workspace."""

    __tablename__ = "memberships"
    __table_args__ = (
        Index("uq_memberships_workspace_id_account_id", "workspace_id", "account_id", unique=True),
        Index("ix_memberships_account_id", "account_id"),
    )

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    role: Mapped[str] = mapped_column(String(16), default=Role.NORMAL)
    #: The one workspace the account works in now.
    current: Mapped[bool] = mapped_column(default=False)


class LoginSession(Table):
    """A browser that is logged in. The secrets themselves are known to the browser only."""

    __tablename__ = "login_sessions"
    __table_args__ = (
        Index("ix_login_sessions_account_id", "account_id"),
        Index("ix_login_sessions_expires_at", "expires_at"),
    )

    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    csrf_hash: Mapped[str] = mapped_column(String(64))
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    #: Whether the browser keeps its cookie when it is closed.
    remembered: Mapped[bool]
    #: Seconds without a request after which it ends.
    idle_seconds: Mapped[int]
    expires_at: Mapped[datetime]
    last_seen_at: Mapped[datetime] = mapped_column(default=utc_now)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    user_agent: Mapped[str] = mapped_column(String(255), default="")
    ip: Mapped[str] = mapped_column(String(64), default="")


class Attempt(Table):
    """A password given and not (yet) found right; they are counted to stop guessing."""

    __tablename__ = "login_attempts"
    __table_args__ = (
        Index("ix_login_attempts_subject_hash_created_at", "subject_hash", "created_at"),
        Index("ix_login_attempts_created_at", "created_at"),
        Index("ix_login_attempts_email_hash", "email_hash"),
    )

    #: Of the email and the address it came from.
    subject_hash: Mapped[str] = mapped_column(String(64))
    #: Of the email alone, where there is one: an operator lets its owner in again, wherever the guesses came from.
    email_hash: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class Setup(Table):
    """That the first administrator was made. There is one row or none."""

    __tablename__ = "setups"

    #: Always true, and unique: this is what lets only one of two simultaneous set-ups through.
    only: Mapped[bool] = mapped_column(unique=True, default=True)
    setup_at: Mapped[datetime] = mapped_column(default=utc_now)


class Installation(Created, Table):
    """What all processes of this installation must agree on. There is one row or none."""

    __tablename__ = "installations"

    #: Always true, and unique: of two processes that begin it at once, one does.
    only: Mapped[bool] = mapped_column(unique=True, default=True)
    #: Of the master key; says which key is needed, and nothing about it.
    key_fingerprint: Mapped[str] = mapped_column(String(32))


class ApiKey(Table):
    """A key of the public API. The key itself was shown once and is not kept."""

    __tablename__ = "api_keys"
    __table_args__ = (
        Index("ix_api_keys_workspace_id_kind", "workspace_id", "kind"),
        Index("ix_api_keys_app_id", "app_id"),
    )

    kind: Mapped[str] = mapped_column(String(16))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    #: Its beginning and end, for people to recognise it.
    token_hint: Mapped[str] = mapped_column(String(40))
    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    #: Of keys of kind `app`; apps are known to the rooms above only.
    app_id: Mapped[str | None] = mapped_column(Uuid(as_uuid=False))
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    #: Exact to a minute.
    last_used_at: Mapped[datetime | None]


class EndUser(Created, Table):
    """Somebody who uses an app through the API or its published page, as the app's client names them."""

    __tablename__ = "end_users"
    __table_args__ = (
        Index("uq_end_users_app_id_type_session_hash", "app_id", "type", "session_hash", unique=True),
        Index("ix_end_users_workspace_id", "workspace_id"),
    )

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    app_id: Mapped[str] = mapped_column(Uuid(as_uuid=False))
    #: service-api, web-app or browser.
    type: Mapped[str] = mapped_column(String(16))
    #: The name the client gave.
    session_id: Mapped[str] = mapped_column(ExactText(255))
    #: Of the name: texts that some database would compare as equal stay different people.
    session_hash: Mapped[str] = mapped_column(String(64))
    external_user_id: Mapped[str | None] = mapped_column(String(255))
    name: Mapped[str | None] = mapped_column(String(255))
    is_anonymous: Mapped[bool] = mapped_column(default=False)
