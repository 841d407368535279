"""Talk to an app in the console."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from homeport.features.apps.access import OwnApp
from homeport.features.apps.errors import NotChatApp, NotCompletionApp
from homeport.features.apps.published import by_id
from homeport.features.apps.tables import AppMode
from homeport.features.chat import converse
from homeport.features.chat.delete_conversation import delete_conversation
from homeport.features.chat.describe_answer import STREAMED
from homeport.features.chat.name_conversation import find_name
from homeport.features.chat.respond import respond_streaming
from homeport.features.chat.room import ChatRoom
from homeport.features.chat.schemas import (
    ConsoleChat,
    ConsoleCompletion,
    ConversationItem,
    FeedbackBody,
    MessageItem,
    NameBody,
)
from homeport.features.chat.speaker import Speaker
from homeport.features.chat.turn import Question, open_turn
from homeport.features.identity.access import Member, SignedIn
from homeport.runtime.http.pages import Done, Slice
from homeport.runtime.http.provided import provided
from homeport.runtime.http.work import Reading, Work

router = APIRouter(prefix="/apps/{app_id}", tags=["chat"])

Provided = Annotated[ChatRoom, Depends(provided(ChatRoom))]
Limit = Annotated[int, Query(ge=1, le=100)]


def _speaker(member: Member) -> Speaker:
    return Speaker("console", None, member.account_id, member.account_id)


@router.post("/chat-messages", summary="Ask a chat app", response_class=Response, responses=STREAMED)
async def chat(member: SignedIn, room: Provided, app_id: UUID, body: ConsoleChat) -> Response:
    """The answer as server-sent events."""
    conversation = str(body.conversation_id) if body.conversation_id else None
    return await _answer(room, member, app_id, Question(body.query, body.inputs, conversation), AppMode.CHAT)


@router.post("/completion-messages", summary="Run a completion app", response_class=Response, responses=STREAMED)
async def completion(member: SignedIn, room: Provided, app_id: UUID, body: ConsoleCompletion) -> Response:
    """The answer as server-sent events."""
    question = Question(str(body.inputs.get("query") or ""), body.inputs)
    return await _answer(room, member, app_id, question, AppMode.COMPLETION)


async def _answer(room: ChatRoom, member: Member, app_id: UUID, question: Question, mode: AppMode) -> Response:
    async with room.database.begin() as session:
        app = await by_id(session, room.apps.configurations, member.workspace_id, str(app_id))
        if app.mode != mode:
            raise NotChatApp if mode == AppMode.CHAT else NotCompletionApp
        turn = await open_turn(session, app, _speaker(member), question, room.settings)
    return respond_streaming(room, turn)


@router.post("/chat-messages/{task_id}/stop", summary="Stop an answer")
@router.post("/completion-messages/{task_id}/stop", summary="Stop a completion")
async def stop(member: SignedIn, room: Provided, app_id: OwnApp, task_id: str) -> Done:
    """It is kept as far as it came."""
    with suppress(ValueError):
        await room.stops.stop(str(UUID(task_id)), app_id, member.account_id)
    return Done()


@router.get("/conversations", summary="List own conversations with an app")
async def conversations(
    member: SignedIn, session: Reading, app_id: OwnApp, last_id: UUID | None = None, limit: Limit = 20
) -> Slice[ConversationItem]:
    """Last used first."""
    cursor = str(last_id) if last_id else None
    return await converse.list_conversations(
        session, app_id, _speaker(member), last_id=cursor, limit=limit, sort_by="-updated_at"
    )


@router.delete("/conversations/{conversation_id}", status_code=204, summary="Delete a conversation")
async def delete(member: SignedIn, session: Work, room: Provided, app_id: OwnApp, conversation_id: UUID) -> Response:
    """With all its messages."""
    await delete_conversation(room, session, member.workspace_id, app_id, _speaker(member), str(conversation_id))
    return Response(status_code=204)


@router.post("/conversations/{conversation_id}/name", summary="Rename a conversation")
async def rename(
    member: SignedIn, room: Provided, app_id: OwnApp, conversation_id: UUID, body: NameBody
) -> ConversationItem:
    """Set `name`, or let `auto_generate` find one."""
    speaker, name = _speaker(member), body.name
    if body.auto_generate:
        name = await find_name(room, member.workspace_id, app_id, speaker, str(conversation_id))
    async with room.database.begin() as session:
        row = await converse.rename(session, app_id, speaker, str(conversation_id), name)
    return ConversationItem.of(row)


@router.get("/messages", summary="List messages of a conversation")
async def messages(
    member: SignedIn,
    session: Reading,
    app_id: OwnApp,
    conversation_id: UUID,
    first_id: UUID | None = None,
    limit: Limit = 20,
) -> Slice[MessageItem]:
    """The last ones before `first_id`, oldest first."""
    return await converse.list_messages(
        session,
        app_id,
        _speaker(member),
        conversation_id=str(conversation_id),
        first_id=str(first_id) if first_id else None,
        limit=limit,
    )


@router.post("/messages/{message_id}/feedbacks", summary="Rate an answer")
async def feedback(member: SignedIn, session: Work, app_id: OwnApp, message_id: UUID, body: FeedbackBody) -> Done:
    """`rating` null takes the rating back."""
    await converse.rate(session, app_id, _speaker(member), str(message_id), body)
    return Done()
