"""Finds a title for a conversation: a model makes it of the first question. Until then its beginning is the name."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta

import structlog
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from homeport.backends.llm.complete import complete
from homeport.backends.llm.port import ChatRequest, Message
from homeport.features.apps.errors import AppNotFound
from homeport.features.apps.published import by_id
from homeport.features.chat import repository
from homeport.features.chat.choose_model import choose_model
from homeport.features.chat.find_conversation import get_conversation
from homeport.features.chat.room import ChatRoom
from homeport.features.chat.speaker import Speaker
from homeport.features.chat.turn import Turn, name_from
from homeport.runtime.errors import HomeportError
from homeport.runtime.tasks.queues import Queue
from homeport.runtime.tasks.task import RunningJob, Task

log = structlog.get_logger(__name__)

#: Characters of the question the model gets to see.
_LONGEST_QUESTION = 2000
#: A title needs a dozen tokens; models that think before they speak need some for that.
_MOST_TOKENS = 1000
#: Seconds somebody who asks for a name is kept waiting.
_PATIENCE = 15.0
_ASK = (
    "The user's message is the first question of a conversation. Do not answer it. Write a title for the conversation "
    "in the language of the question, of at most six words: the title alone, without quotation marks or explanation."
)
_THOUGHTS = re.compile(r"<think>.*?(</think>|\Z)", re.DOTALL | re.IGNORECASE)
_LABEL = re.compile(r"\Atitle\s*:\s*", re.IGNORECASE)
#: Controls, marks that turn the direction of a text, halves of characters.
_UNPRINTABLE = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")
_AFTER = " \t*_`\"'«»‹›„“”‚‘’「」『』《》"
_BEFORE = _AFTER + "#"


class NewConversation(BaseModel):
    """A conversation that has had its first answer. `name`: what it is called until the title is there."""

    workspace_id: str
    app_id: str
    conversation_id: str
    name: str
    #: As a model provider may know the person.
    person: str


async def queue_naming(room: ChatRoom, session: AsyncSession, turn: Turn) -> None:
    """Have a title found for the conversation that `turn` has begun, unless its question is blank."""
    if not turn.question.query.strip():
        return
    payload = NewConversation(
        workspace_id=turn.app.workspace_id,
        app_id=turn.app.id,
        conversation_id=turn.conversation_id,
        name=name_from(turn.question.query),
        person=turn.speaker.person,
    )
    await room.jobs.enqueue(
        session, NAME, payload, workspace_id=payload.workspace_id, subject_id=payload.conversation_id
    )


async def find_name(room: ChatRoom, workspace_id: str, app_id: str, speaker: Speaker, conversation_id: str) -> str:
    """A name now: a title by the model, else the beginning of the first question. Raises `ConversationNotFound`."""
    async with room.database.read() as session:
        present = (await get_conversation(session, app_id, speaker, conversation_id)).name
        question = await repository.first_query(session, conversation_id)
    if question is None:
        return present
    title = ""
    try:
        async with asyncio.timeout(_PATIENCE):
            title = await _ask(room, workspace_id, app_id, question, speaker.person)
    except (HomeportError, TimeoutError) as error:
        log.info("no title from the model", conversation_id=conversation_id, error=str(error) or "too slow")
    return title or name_from(question)


async def _name(room: ChatRoom, payload: NewConversation, job: RunningJob) -> None:
    async with room.database.read() as session:
        name = await repository.present_name(session, payload.conversation_id)
        question = await repository.first_query(session, payload.conversation_id)
    title = ""
    if question and name == payload.name:  # else it is gone, or a person was quicker
        try:
            title = await _ask(room, payload.workspace_id, payload.app_id, question, payload.person)
        except AppNotFound:
            log.info("the app is gone", app_id=payload.app_id)
    async with room.database.begin() as session:
        if title:
            await repository.name_conversation(session, payload.conversation_id, payload.name, title)
        await job.complete(session)


async def _ask(room: ChatRoom, workspace_id: str, app_id: str, question: str, person: str) -> str:
    """A title by the model; empty when there is none that writes, or nothing to make it of, or it is of no use."""
    question = " ".join(question.split())[:_LONGEST_QUESTION]
    if not question:
        return ""
    async with room.database.read() as session:
        app = await by_id(session, room.apps.configurations, workspace_id, app_id)
    chosen = await choose_model(room, app)
    if chosen.built_in:
        return ""
    request = ChatRequest(
        model=chosen.model,
        messages=[Message("system", _ASK), Message("user", question)],
        parameters={"max_tokens": _MOST_TOKENS},
        user=person,
    )
    return clean_title((await complete(chosen.chat, request)).text)


def clean_title(text: str) -> str:
    """The first line of what a model wrote, without quotation marks and markup, at most about 60 characters long."""
    for line in _THOUGHTS.sub("", text).splitlines():
        title = _UNPRINTABLE.sub("", line).strip(_AFTER).lstrip(_BEFORE)
        title = _LABEL.sub("", title).lstrip(_BEFORE)
        if title:
            return name_from(title)
    return ""


#: The name it has is good enough: after a few attempts that is it.
NAME = Task(
    "chat.name_conversation",
    Queue.CONVERSATION,
    NewConversation,
    _name,
    max_attempts=3,
    pause=timedelta(seconds=10),
    time_limit=timedelta(minutes=2),
)
