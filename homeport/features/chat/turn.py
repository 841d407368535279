"""Open a turn: find or begin the conversation and write the question down, before any model is asked."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from homeport.features.apps.check_inputs import check_inputs
from homeport.features.apps.published import Published
from homeport.features.apps.tables import AppMode
from homeport.features.chat import repository
from homeport.features.chat.errors import AppBusy, ConversationNotFound
from homeport.features.chat.settings import ChatSettings
from homeport.features.chat.speaker import Speaker
from homeport.features.chat.tables import Conversation, Message
from homeport.runtime.db.columns import new_id, utc_now

#: Messages that may go into the prompt, at the most.
REMEMBERED = 20
_NAME_LENGTH = 60


@dataclass(frozen=True, slots=True)
class Question:
    """What a person asks."""

    query: str
    inputs: dict[str, Any]
    conversation_id: str | None = None
    retriever_from: str = "dev"
    #: Whether a new conversation is named after this question.
    names_conversation: bool = True


@dataclass(frozen=True, slots=True)
class Turn:
    """One question on its way to an answer."""

    app: Published
    speaker: Speaker
    question: Question
    conversation_id: str
    message_id: str
    created_at: datetime
    #: Earlier questions and answers, oldest first.
    history: list[tuple[str, str]] = field(default_factory=list)
    #: `time.perf_counter()` when the question came.
    began: float = 0.0
    #: Whether a model finds a name for the conversation once this is answered.
    names_conversation: bool = False

    @property
    def task_id(self) -> str:
        """What a client stops."""
        return self.message_id


async def open_turn(
    session: AsyncSession, app: Published, speaker: Speaker, question: Question, limits: ChatSettings
) -> Turn:
    """Check the inputs, find or begin the conversation, write the message.

    Raises `ConversationNotFound`, and `AppBusy` when the app writes as many answers as it may.
    """
    began = time.perf_counter()
    now = utc_now()
    await _require_place(session, app, limits, now)
    conversation_id, inputs, earlier = question.conversation_id, question.inputs, []
    if conversation_id:
        conversation = await repository.find_conversation(session, app.id, speaker, conversation_id)
        if conversation is None:
            raise ConversationNotFound
        inputs = conversation.inputs
        earlier = await repository.history(session, conversation_id, REMEMBERED)
        if not await repository.touch_conversation(session, conversation_id, now):
            raise ConversationNotFound
    else:
        inputs = check_inputs(app.configuration, inputs)
        conversation_id = await _begin(session, app, speaker, question, inputs, now)
    message_id = new_id()
    values = {
        "id": message_id,
        "app_id": app.id,
        "config_id": app.config_id,
        "conversation_id": conversation_id,
        "parent_message_id": earlier[-1][0] if earlier else None,
        "from_source": speaker.source,
        "end_user_id": speaker.end_user_id,
        "account_id": speaker.account_id,
        "inputs": inputs,
        "query": question.query,
        "created_at": now,
    }
    await repository.add(session, Message, values)
    return Turn(
        app=app,
        speaker=speaker,
        question=Question(question.query, inputs, conversation_id, question.retriever_from),
        conversation_id=conversation_id,
        message_id=message_id,
        created_at=now,
        history=[(query, answer) for _, query, answer in earlier],
        began=began,
        names_conversation=question.conversation_id is None and _is_named_after(app, question),
    )


async def _require_place(session: AsyncSession, app: Published, limits: ChatSettings, now: datetime) -> None:
    if not limits.most_at_once:
        return
    # What runs for longer has been stopped, or its process is dead.
    since = now - timedelta(seconds=limits.app_max_execution_time)
    if await repository.count_running(session, app.id, since) >= limits.most_at_once:
        raise AppBusy(hint="APP_MAX_ACTIVE_REQUESTS and APP_DEFAULT_ACTIVE_REQUESTS say how many.")


async def _begin(
    session: AsyncSession, app: Published, speaker: Speaker, question: Question, inputs: dict[str, Any], now: datetime
) -> str:
    conversation_id = new_id()
    values = {
        "id": conversation_id,
        "app_id": app.id,
        "name": _name(app, question),
        "inputs": inputs,
        "introduction": app.configuration.opening_statement or "",
        "from_source": speaker.source,
        "end_user_id": speaker.end_user_id,
        "account_id": speaker.account_id,
        "created_at": now,
        "updated_at": now,
    }
    await repository.add(session, Conversation, values)
    return conversation_id


def _name(app: Published, question: Question) -> str:
    if app.mode != AppMode.CHAT:
        return app.name[:255]
    return name_from(question.query if _is_named_after(app, question) else "")


def _is_named_after(app: Published, question: Question) -> bool:
    return app.mode == AppMode.CHAT and question.names_conversation


def name_from(query: str) -> str:
    """A conversation's name: the beginning of its first question, cut at a word."""
    line = " ".join(query.split())
    if len(line) <= _NAME_LENGTH:
        return line or "New conversation"
    head = line[:_NAME_LENGTH]
    return (head.rsplit(" ", 1)[0] if " " in head[20:] else head) + "…"
