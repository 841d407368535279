"""Look through, rename, delete conversations; rate answers."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from homeport.features.chat import repository
from homeport.features.chat.errors import (
    FirstMessageNotFound,
    LastConversationNotFound,
    MessageNotFound,
    NameMissing,
    NothingToTakeBack,
)
from homeport.features.chat.find_conversation import get_conversation
from homeport.features.chat.schemas import ConversationItem, FeedbackBody, MessageItem
from homeport.features.chat.speaker import Speaker
from homeport.features.chat.tables import Conversation, Feedback
from homeport.runtime.http.pages import Slice


async def list_conversations(
    session: AsyncSession, app_id: str, speaker: Speaker, *, last_id: str | None, limit: int, sort_by: str
) -> Slice[ConversationItem]:
    """A part of a person's conversations; raises `LastConversationNotFound` for an unknown cursor."""
    after = None
    if last_id:
        after = await repository.find_conversation(session, app_id, speaker, last_id)
        if after is None:
            raise LastConversationNotFound
    rows = await repository.list_conversations(session, app_id, speaker, sort_by=sort_by, after=after, limit=limit + 1)
    return Slice(limit=limit, has_more=len(rows) > limit, data=[ConversationItem.of(row) for row in rows[:limit]])


async def list_messages(
    session: AsyncSession, app_id: str, speaker: Speaker, *, conversation_id: str, first_id: str | None, limit: int
) -> Slice[MessageItem]:
    """The last messages before a cursor, oldest first."""
    await get_conversation(session, app_id, speaker, conversation_id)
    before = None
    if first_id:
        before = await repository.find_message(session, app_id, speaker, first_id)
        if before is None or before.conversation_id != conversation_id:
            raise FirstMessageNotFound
    rows = await repository.list_messages(session, conversation_id, before=before, limit=limit + 1)
    more, rows = len(rows) > limit, rows[:limit][::-1]
    ratings = await repository.ratings(session, [row.id for row in rows], speaker.person)
    return Slice(limit=limit, has_more=more, data=[MessageItem.of(row, ratings.get(row.id)) for row in rows])


async def rename(
    session: AsyncSession, app_id: str, speaker: Speaker, conversation_id: str, name: str | None
) -> Conversation:
    """Give a conversation a name. Raises `ConversationNotFound`, `NameMissing` for one of blanks alone."""
    conversation = await get_conversation(session, app_id, speaker, conversation_id)
    if not name or not name.strip():
        raise NameMissing
    conversation.name = name.strip()
    await session.flush()
    return conversation


async def rate(session: AsyncSession, app_id: str, speaker: Speaker, message_id: str, body: FeedbackBody) -> None:
    """Set, change or take back a person's rating of an answer."""
    message = await repository.find_message(session, app_id, speaker, message_id)
    if message is None:
        raise MessageNotFound
    feedback = await repository.find_feedback(session, message_id, speaker.person)
    if body.rating is None:
        if feedback is None:
            raise NothingToTakeBack
        await session.delete(feedback)
        return
    if feedback is None:
        feedback = Feedback(
            app_id=app_id,
            conversation_id=message.conversation_id,
            message_id=message_id,
            person=speaker.person,
            from_source=speaker.source,
        )
        session.add(feedback)
    feedback.rating, feedback.content = body.rating, body.content
