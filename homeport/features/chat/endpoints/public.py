"""Conversations in the public API."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated, Literal, TypeVar
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import Response

from homeport.features.apps.access import CallingApp, OptionalUser, require_user
from homeport.features.apps.check_inputs import check_files
from homeport.features.apps.errors import NotChatApp, NotCompletionApp
from homeport.features.apps.published import Published
from homeport.features.apps.tables import AppMode
from homeport.features.chat import converse, repository
from homeport.features.chat.delete_conversation import delete_conversation
from homeport.features.chat.describe_answer import STREAMED_OR_WHOLE
from homeport.features.chat.name_conversation import find_name
from homeport.features.chat.respond import respond_streaming, respond_whole
from homeport.features.chat.room import ChatRoom
from homeport.features.chat.schemas import (
    ChatRequest,
    CompletionRequest,
    ConversationItem,
    FeedbackBody,
    FeedbackItem,
    Feedbacks,
    MessageItem,
    NameBody,
    OptionalId,
    Suggestions,
    UserBody,
)
from homeport.features.chat.speaker import Speaker
from homeport.features.chat.suggest import suggest
from homeport.features.chat.turn import Question, open_turn
from homeport.features.identity.end_users import find_end_user, find_or_create_end_user
from homeport.runtime.http.body import checked, described, json_body, read_body, read_json
from homeport.runtime.http.pages import Done, Slice
from homeport.runtime.http.provided import provided
from homeport.runtime.http.work import Reading, Work

router = APIRouter(tags=["chat"])

Provided = Annotated[ChatRoom, Depends(provided(ChatRoom))]
Limit = Annotated[int, Query(ge=1, le=100)]
Cursor = Annotated[OptionalId, Query()]
Asked = TypeVar("Asked", ChatRequest, CompletionRequest)


async def _chat_only(app: CallingApp) -> Published:
    if app.mode != AppMode.CHAT:
        raise NotChatApp
    return app


ChatApp = Annotated[Published, Depends(_chat_only)]


async def _speaker(session: AsyncSession, app: Published, user: str | None) -> Speaker:
    """The end user, made when new: for a writing session."""
    found = await find_or_create_end_user(session, app.workspace_id, app.id, user)
    return Speaker("api", found.id, None, found.session_id)


async def _known_speaker(session: AsyncSession, app: Published, user: str | None) -> Speaker:
    """The end user, or a stranger who has nothing."""
    found = await find_end_user(session, app.id, user)
    nobody = "00000000-0000-0000-0000-000000000000"
    return Speaker("api", found.id if found else nobody, None, user or "")


def _text(given: UUID | None) -> str | None:
    return str(given) if given else None


async def _read(request: Request, app: Published, mode: AppMode, model: type[Asked]) -> tuple[Asked, str]:
    """The body and its user, checked in the order of the contract: user, mode of the app, everything else."""
    raw = await read_json(request)
    user = require_user(checked(UserBody, raw).user)
    if app.mode != mode:
        raise NotChatApp if mode == AppMode.CHAT else NotCompletionApp
    body = checked(model, raw)
    check_files(app.configuration, body.files)
    return body, user


@router.post(
    "/chat-messages", summary="Ask a chat app", responses=STREAMED_OR_WHOLE, openapi_extra=described(ChatRequest)
)
async def chat_messages(request: Request, app: CallingApp, room: Provided) -> Response:
    """Streamed as server-sent events with `response_mode: streaming`, else whole."""
    body, user = await _read(request, app, AppMode.CHAT, ChatRequest)
    conversation = _text(body.conversation_id)
    question = Question(body.query, body.inputs, conversation, body.retriever_from, body.auto_generate_name)
    return await _answer(request, app, room, user, question, streaming=body.response_mode == "streaming")


@router.post(
    "/completion-messages",
    summary="Run a completion app",
    responses=STREAMED_OR_WHOLE,
    openapi_extra=described(CompletionRequest),
)
async def completion_messages(request: Request, app: CallingApp, room: Provided) -> Response:
    """Streamed as server-sent events with `response_mode: streaming`, else whole."""
    body, user = await _read(request, app, AppMode.COMPLETION, CompletionRequest)
    query = body.query or str(body.inputs.get("query") or "")
    question = Question(query, body.inputs, None, body.retriever_from)
    return await _answer(request, app, room, user, question, streaming=body.response_mode == "streaming")


async def _answer(
    request: Request, app: Published, room: ChatRoom, user: str, question: Question, *, streaming: bool
) -> Response:
    async with room.database.begin() as session:
        turn = await open_turn(session, app, await _speaker(session, app, user), question, room.settings)
    return respond_streaming(room, turn) if streaming else await respond_whole(request, room, turn)


@router.post("/chat-messages/{task_id}/stop", summary="Stop a chat answer", openapi_extra=described(UserBody))
@router.post("/completion-messages/{task_id}/stop", summary="Stop a completion", openapi_extra=described(UserBody))
async def stop(
    app: CallingApp, room: Provided, task_id: str, body: Annotated[UserBody, Depends(json_body(UserBody))]
) -> Done:
    """Stops the answer if this user asked for it; says success in any case."""
    user = require_user(body.user)
    async with room.database.read() as session:
        speaker = await _known_speaker(session, app, user)
    with suppress(ValueError):
        await room.stops.stop(str(UUID(task_id)), app.id, speaker.person)
    return Done()


@router.get("/messages", summary="List messages")
async def messages(
    app: ChatApp,
    session: Reading,
    user: OptionalUser,
    conversation_id: Cursor,
    first_id: Cursor = None,
    limit: Limit = 20,
) -> Slice[MessageItem]:
    """The last messages of a conversation before `first_id`, oldest first."""
    if conversation_id is None:
        return Slice(limit=limit, has_more=False, data=[])
    speaker = await _known_speaker(session, app, user)
    return await converse.list_messages(
        session,
        app.id,
        speaker,
        conversation_id=str(conversation_id),
        first_id=_text(first_id),
        limit=limit,
    )


@router.post("/messages/{message_id}/feedbacks", summary="Rate an answer", openapi_extra=described(FeedbackBody))
async def feedback(
    app: CallingApp,
    session: Work,
    message_id: UUID,
    body: Annotated[FeedbackBody, Depends(json_body(FeedbackBody))],
) -> Done:
    """`rating` null takes the rating back."""
    speaker = await _known_speaker(session, app, require_user(body.user))
    await converse.rate(session, app.id, speaker, str(message_id), body)
    return Done()


@router.get("/app/feedbacks", summary="List ratings")
async def feedbacks(
    app: CallingApp,
    session: Reading,
    page: Annotated[int, Query(ge=1)] = 1,
    limit: Annotated[int, Query(ge=1, le=101)] = 20,
) -> Feedbacks:
    """All users' ratings of the app's answers, newest first."""
    rows = await repository.list_feedbacks(session, app.id, page, limit)
    return Feedbacks(data=[FeedbackItem.of(row) for row in rows])


@router.get("/messages/{message_id}/suggested", summary="Suggest next questions")
async def suggested(app: CallingApp, room: Provided, user: OptionalUser, message_id: UUID) -> Suggestions:
    """Up to three questions the user may ask next."""
    user = require_user(user)
    await _chat_only(app)
    async with room.database.read() as session:
        speaker = await _known_speaker(session, app, user)
    return Suggestions(data=await suggest(room, app, speaker, str(message_id)))


@router.get("/conversations", summary="List conversations")
async def conversations(
    app: ChatApp,
    session: Reading,
    user: OptionalUser,
    last_id: Cursor = None,
    limit: Limit = 20,
    sort_by: Literal["created_at", "-created_at", "updated_at", "-updated_at"] = "-updated_at",
) -> Slice[ConversationItem]:
    """The user's conversations after `last_id`."""
    speaker = await _known_speaker(session, app, user)
    return await converse.list_conversations(
        session, app.id, speaker, last_id=_text(last_id), limit=limit, sort_by=sort_by
    )


@router.delete("/conversations/{conversation_id}", status_code=204, summary="Delete a conversation")
async def delete(
    request: Request, app: ChatApp, session: Work, room: Provided, user: OptionalUser, conversation_id: UUID
) -> Response:
    """With all its messages. The user may stand in the body or the query."""
    if user is None and await request.body():
        user = (await read_body(request, UserBody)).user
    speaker = await _known_speaker(session, app, user)
    await delete_conversation(room, session, app.workspace_id, app.id, speaker, str(conversation_id))
    return Response(status_code=204)


@router.post(
    "/conversations/{conversation_id}/name", summary="Rename a conversation", openapi_extra=described(NameBody)
)
async def rename(
    app: ChatApp, room: Provided, conversation_id: UUID, body: Annotated[NameBody, Depends(json_body(NameBody))]
) -> ConversationItem:
    """Set `name`, or let `auto_generate` find one."""
    async with room.database.read() as session:
        speaker = await _known_speaker(session, app, body.user)
    name = body.name
    if body.auto_generate:
        name = await find_name(room, app.workspace_id, app.id, speaker, str(conversation_id))
    async with room.database.begin() as session:
        row = await converse.rename(session, app.id, speaker, str(conversation_id), name)
    return ConversationItem.of(row)
