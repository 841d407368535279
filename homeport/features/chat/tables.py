"""Conversations, messages, ratings."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Float, ForeignKey, Index, String, Uuid, false
from sqlalchemy.orm import Mapped, mapped_column

from homeport.runtime.db.columns import JsonColumn, LongText, utc_now
from homeport.runtime.db.tables import Created, Table


class Conversation(Created, Table):
    """A thread of messages between an app and one person: an end user of the API, or a member in the console."""

    __tablename__ = "conversations"
    __table_args__ = (
        Index("ix_conversations_app_id_end_user_id_updated_at", "app_id", "end_user_id", "updated_at"),
        Index("ix_conversations_app_id_account_id_updated_at", "app_id", "account_id", "updated_at"),
    )

    app_id: Mapped[str] = mapped_column(Uuid(as_uuid=False))
    name: Mapped[str] = mapped_column(String(255))
    inputs: Mapped[dict[str, Any]] = mapped_column(JsonColumn, default=dict)
    introduction: Mapped[str] = mapped_column(LongText, default="")
    status: Mapped[str] = mapped_column(String(20), default="normal")
    #: api or console.
    from_source: Mapped[str] = mapped_column(String(20))
    end_user_id: Mapped[str | None] = mapped_column(Uuid(as_uuid=False))
    account_id: Mapped[str | None] = mapped_column(Uuid(as_uuid=False))
    #: Hidden from everybody; a job removes it with its messages.
    is_deleted: Mapped[bool] = mapped_column(default=False, server_default=false())


class Message(Table):
    """One question and its answer. Written when the question comes, completed when the answer ends."""

    __tablename__ = "messages"
    __table_args__ = (
        Index("ix_messages_conversation_id_created_at", "conversation_id", "created_at"),
        Index("ix_messages_app_id_created_at", "app_id", "created_at"),
    )

    app_id: Mapped[str] = mapped_column(Uuid(as_uuid=False))
    config_id: Mapped[str] = mapped_column(Uuid(as_uuid=False))
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"))
    parent_message_id: Mapped[str | None] = mapped_column(Uuid(as_uuid=False))
    from_source: Mapped[str] = mapped_column(String(20))
    end_user_id: Mapped[str | None] = mapped_column(Uuid(as_uuid=False))
    account_id: Mapped[str | None] = mapped_column(Uuid(as_uuid=False))
    inputs: Mapped[dict[str, Any]] = mapped_column(JsonColumn, default=dict)
    query: Mapped[str] = mapped_column(LongText)
    answer: Mapped[str] = mapped_column(LongText, default="")
    #: running, normal, stopped, error.
    status: Mapped[str] = mapped_column(String(20), default="running")
    error: Mapped[str | None] = mapped_column(LongText)
    stop_requested: Mapped[bool] = mapped_column(default=False)
    provider: Mapped[str] = mapped_column(String(100), default="")
    model: Mapped[str] = mapped_column(String(255), default="")
    prompt_tokens: Mapped[int] = mapped_column(default=0)
    completion_tokens: Mapped[int] = mapped_column(default=0)
    #: Seconds until the end of the answer, and until its first token.
    latency: Mapped[float] = mapped_column(Float, default=0.0)
    first_token_latency: Mapped[float] = mapped_column(Float, default=0.0)
    #: Seconds until the passages were found; None when none were looked for.
    retrieval_latency: Mapped[float | None] = mapped_column(Float)
    #: The citations, as the public API lists them.
    resources: Mapped[list[Any]] = mapped_column(JsonColumn, default=list)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class Feedback(Created, Table):
    """What one person thinks of an answer."""

    __tablename__ = "feedbacks"
    __table_args__ = (
        Index("uq_feedbacks_message_id_person", "message_id", "person", unique=True),
        Index("ix_feedbacks_app_id_created_at", "app_id", "created_at"),
    )

    app_id: Mapped[str] = mapped_column(Uuid(as_uuid=False))
    conversation_id: Mapped[str] = mapped_column(Uuid(as_uuid=False))
    message_id: Mapped[str] = mapped_column(ForeignKey("messages.id", ondelete="CASCADE"))
    #: The end user or account; one column, so that one index holds each person to one rating.
    person: Mapped[str] = mapped_column(Uuid(as_uuid=False))
    from_source: Mapped[str] = mapped_column(String(20))
    rating: Mapped[str] = mapped_column(String(10))
    content: Mapped[str | None] = mapped_column(LongText)
