"""Every query of this slice."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, Insert, Table, and_, bindparam, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from homeport.features.apps.tables import App
from homeport.features.chat.speaker import Speaker
from homeport.features.chat.tables import Conversation, Feedback, Message

# What every question runs, on the plain tables and built once.
_INSERT: dict[type[Conversation | Message], Insert] = {
    Conversation: insert(cast("Table", Conversation.__table__)),
    Message: insert(cast("Table", Message.__table__)),
}
_FINISH = update(cast("Table", Message.__table__)).where(Message.__table__.c.id == bindparam("_id"))


def _whose(table: type[Conversation | Message], app_id: str, speaker: Speaker) -> ColumnElement[bool]:
    person = table.end_user_id == speaker.end_user_id if speaker.end_user_id else table.account_id == speaker.account_id
    return and_(table.app_id == app_id, table.from_source == speaker.source, person)


async def find_conversation(
    session: AsyncSession, app_id: str, speaker: Speaker, conversation_id: str
) -> Conversation | None:
    """A conversation of this person with this app."""
    query = select(Conversation).where(Conversation.id == conversation_id, _whose(Conversation, app_id, speaker))
    return (await session.execute(query)).scalar_one_or_none()


async def find_message(session: AsyncSession, app_id: str, speaker: Speaker, message_id: str) -> Message | None:
    """A message of this person."""
    query = select(Message).where(Message.id == message_id, _whose(Message, app_id, speaker))
    return (await session.execute(query)).scalar_one_or_none()


async def find_answer(session: AsyncSession, message_id: str) -> tuple[Message, str] | None:
    """A message, and the name of its conversation."""
    query = select(Message, Conversation.name).join(Conversation, Conversation.id == Message.conversation_id)
    row = (await session.execute(query.where(Message.id == message_id))).one_or_none()
    return None if row is None else (row[0], row[1])


async def history(
    session: AsyncSession, conversation_id: str, limit: int, *, before: Message | None = None
) -> list[tuple[str, str, str]]:
    """`(id, query, answer)` of the last answered messages, oldest first; `before`: as it was for this message."""
    conditions = [Message.conversation_id == conversation_id, Message.status.in_(("normal", "stopped"))]
    if before is not None:
        earlier = and_(Message.created_at == before.created_at, Message.id < before.id)
        conditions.append(or_(Message.created_at < before.created_at, earlier))
    rows = await session.execute(
        select(Message.id, Message.query, Message.answer)
        .where(*conditions)
        .order_by(Message.created_at.desc(), Message.id.desc())
        .limit(limit)
    )
    return [(row.id, row.query, row.answer) for row in reversed(rows.all())]


async def first_query(session: AsyncSession, conversation_id: str) -> str | None:
    """The question that began a conversation."""
    query = select(Message.query).where(Message.conversation_id == conversation_id)
    return (await session.execute(query.order_by(Message.created_at, Message.id).limit(1))).scalar_one_or_none()


async def add(session: AsyncSession, table: type[Conversation | Message], values: dict[str, Any]) -> None:
    """Insert one row."""
    await session.execute(_INSERT[table], values)


async def count_running(session: AsyncSession, app_id: str, since: datetime) -> int:
    """Answers of an app that are being written and began after `since`."""
    running = (Message.app_id == app_id, Message.created_at > since, Message.status == "running")
    return (await session.execute(select(func.count()).select_from(Message).where(*running))).scalar_one()


async def finish_message(session: AsyncSession, message_id: str, values: dict[str, Any]) -> None:
    """Complete a message; always the same columns, so that the statement is made once."""
    await session.execute(_FINISH, {"_id": message_id, **values})


async def touch_conversation(session: AsyncSession, conversation_id: str, moment: datetime) -> None:
    """Something was said in a conversation."""
    await session.execute(update(Conversation).where(Conversation.id == conversation_id).values(updated_at=moment))


async def request_stop(session: AsyncSession, message_id: str, app_id: str, person: str) -> None:
    """Ask whoever writes this answer to stop."""
    mine = or_(Message.end_user_id == person, Message.account_id == person)
    running = (Message.id == message_id, Message.app_id == app_id, Message.status == "running")
    await session.execute(update(Message).where(*running, mine).values(stop_requested=True))


async def stop_requested(session: AsyncSession, message_ids: Sequence[str]) -> list[str]:
    """Those of the messages that shall stop."""
    query = select(Message.id).where(Message.id.in_(message_ids), Message.stop_requested)
    return list((await session.execute(query)).scalars())


async def list_conversations(
    session: AsyncSession, app_id: str, speaker: Speaker, *, sort_by: str, after: Conversation | None, limit: int
) -> list[Conversation]:
    """Conversations in the order of `sort_by` (created_at or updated_at, `-` for descending), after a cursor."""
    descending = sort_by.startswith("-")
    column = Conversation.created_at if sort_by.endswith("created_at") else Conversation.updated_at
    query = select(Conversation).where(_whose(Conversation, app_id, speaker))
    if after is not None:
        edge = after.created_at if sort_by.endswith("created_at") else after.updated_at
        beyond = column < edge if descending else column > edge
        tie = Conversation.id < after.id if descending else Conversation.id > after.id
        query = query.where(or_(beyond, and_(column == edge, tie)))
    order = (column.desc(), Conversation.id.desc()) if descending else (column, Conversation.id)
    return list((await session.execute(query.order_by(*order).limit(limit))).scalars())


async def list_messages(
    session: AsyncSession, conversation_id: str, *, before: Message | None, limit: int
) -> list[Message]:
    """The last messages before a cursor, newest first."""
    query = select(Message).where(Message.conversation_id == conversation_id)
    if before is not None:
        earlier = and_(Message.created_at == before.created_at, Message.id < before.id)
        query = query.where(or_(Message.created_at < before.created_at, earlier))
    query = query.order_by(Message.created_at.desc(), Message.id.desc()).limit(limit)
    return list((await session.execute(query)).scalars())


async def ratings(session: AsyncSession, message_ids: Sequence[str], person: str) -> dict[str, str]:
    """The person's rating of each message that has one."""
    query = select(Feedback.message_id, Feedback.rating).where(
        Feedback.message_id.in_(message_ids), Feedback.person == person
    )
    return {row.message_id: row.rating for row in await session.execute(query)}


async def find_feedback(session: AsyncSession, message_id: str, person: str) -> Feedback | None:
    """The person's rating of a message."""
    query = select(Feedback).where(Feedback.message_id == message_id, Feedback.person == person)
    return (await session.execute(query)).scalar_one_or_none()


async def list_feedbacks(session: AsyncSession, app_id: str, page: int, limit: int) -> list[Feedback]:
    """All ratings of an app's answers, newest first."""
    newest = (Feedback.created_at.desc(), Feedback.id.desc())
    query = select(Feedback).where(Feedback.app_id == app_id).order_by(*newest)
    return list((await session.execute(query.offset((page - 1) * limit).limit(limit))).scalars())


async def remove_conversation(session: AsyncSession, conversation_id: str) -> None:
    """Delete a conversation with its messages and their ratings."""
    await session.execute(delete(Feedback).where(Feedback.conversation_id == conversation_id))
    await session.execute(delete(Message).where(Message.conversation_id == conversation_id))
    await session.execute(delete(Conversation).where(Conversation.id == conversation_id))


async def remove_of_app(session: AsyncSession, app_id: str) -> None:
    """Delete every conversation of an app."""
    for table in (Feedback, Message, Conversation):
        await session.execute(delete(table).where(table.app_id == app_id))


async def list_interrupted(session: AsyncSession, before: datetime) -> list[tuple[str, str, str]]:
    """`(workspace, app, message)` of answers whose process died, as far as their apps are traced."""
    dead = (Message.status == "running", Message.created_at < before, App.tracing_enabled)
    query = select(App.workspace_id, App.id, Message.id).join(App, App.id == Message.app_id).where(*dead)
    return [(row[0], row[1], row[2]) for row in await session.execute(query.order_by(Message.id))]


async def end_interrupted(session: AsyncSession, before: datetime) -> None:
    """Mark answers whose process died: nobody writes them any more."""
    dead = (Message.status == "running", Message.created_at < before)
    await session.execute(
        update(Message).where(*dead).values(status="error", error="The server stopped while this was being answered.")
    )
