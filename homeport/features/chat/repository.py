"""Every query of this slice."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import (
    ColumnElement,
    CursorResult,
    Insert,
    Table,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from homeport.features.apps.tables import App
from homeport.features.chat.speaker import Speaker
from homeport.features.chat.tables import Conversation, Feedback, Message

# What every question runs, on the plain tables and built once.
_INSERT: dict[type[Conversation | Message], Insert] = {
    Conversation: insert(cast("Table", Conversation.__table__)),
    Message: insert(cast("Table", Message.__table__)),
}
_FINISH = update(cast("Table", Message.__table__)).where(Message.__table__.c.id == bindparam("_id"))


async def _changed(session: AsyncSession, statement: Any, bound: dict[str, Any] | None = None) -> int:
    return cast("CursorResult[Any]", await session.execute(statement, bound)).rowcount


def _whose(table: type[Conversation | Message], app_id: str, speaker: Speaker) -> ColumnElement[bool]:
    person = table.end_user_id == speaker.end_user_id if speaker.end_user_id else table.account_id == speaker.account_id
    return and_(table.app_id == app_id, table.from_source == speaker.source, person)


def _in_deleted(conversation_id: InstrumentedAttribute[str]) -> ColumnElement[bool]:
    return exists().where(Conversation.id == conversation_id, Conversation.is_deleted)


async def find_conversation(
    session: AsyncSession, app_id: str, speaker: Speaker, conversation_id: str
) -> Conversation | None:
    """A conversation of this person with this app that is not deleted."""
    query = select(Conversation).where(Conversation.id == conversation_id, _whose(Conversation, app_id, speaker))
    query = query.where(~Conversation.is_deleted)
    return (await session.execute(query)).scalar_one_or_none()


async def find_message(session: AsyncSession, app_id: str, speaker: Speaker, message_id: str) -> Message | None:
    """A message of this person in a conversation that is not deleted."""
    query = select(Message).where(Message.id == message_id, _whose(Message, app_id, speaker))
    query = query.where(~_in_deleted(Message.conversation_id))
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


async def present_name(session: AsyncSession, conversation_id: str) -> str | None:
    """What a conversation of anybody is called; None when it is deleted."""
    query = select(Conversation.name).where(Conversation.id == conversation_id, ~Conversation.is_deleted)
    return (await session.execute(query)).scalar_one_or_none()


async def add(session: AsyncSession, table: type[Conversation | Message], values: dict[str, Any]) -> None:
    """Insert one row."""
    await session.execute(_INSERT[table], values)


async def count_running(session: AsyncSession, app_id: str, since: datetime) -> int:
    """Answers of an app that are being written and began after `since`."""
    running = (Message.app_id == app_id, Message.created_at > since, Message.status == "running")
    return (await session.execute(select(func.count()).select_from(Message).where(*running))).scalar_one()


async def finish_message(session: AsyncSession, message_id: str, values: dict[str, Any]) -> bool:
    """Complete a message; always the same columns, so that the statement is made once. False when it is gone."""
    return await _changed(session, _FINISH, {"_id": message_id, **values}) == 1


async def touch_conversation(session: AsyncSession, conversation_id: str, moment: datetime) -> bool:
    """Something is said in a conversation, which nobody removes before this transaction ends. False when it is gone."""
    there = (Conversation.id == conversation_id, ~Conversation.is_deleted)
    return await _changed(session, update(Conversation).where(*there).values(updated_at=moment)) == 1


async def name_conversation(session: AsyncSession, conversation_id: str, former: str, name: str) -> None:
    """Rename a conversation unless its name is another one by now. It does not count as used by that."""
    mine = Conversation.id == conversation_id
    # Compared here: MySQL would take names for the same that differ in capitals alone.
    present = await session.execute(select(Conversation.name).where(mine).with_for_update())
    if present.scalar_one_or_none() == former:
        values = {"name": name, "updated_at": Conversation.updated_at}
        await session.execute(update(Conversation).where(mine).values(values))


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
    query = select(Conversation).where(_whose(Conversation, app_id, speaker), ~Conversation.is_deleted)
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
    query = select(Feedback).where(Feedback.app_id == app_id, ~_in_deleted(Feedback.conversation_id)).order_by(*newest)
    return list((await session.execute(query.offset((page - 1) * limit).limit(limit))).scalars())


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


async def hide_conversation(session: AsyncSession, conversation_id: str) -> None:
    """From the commit on nobody finds it."""
    await session.execute(update(Conversation).where(Conversation.id == conversation_id).values(is_deleted=True))


async def count_of_hidden(session: AsyncSession, conversation_id: str) -> int | None:
    """How many messages a hidden conversation has; None when there is no such conversation, or it is not hidden."""
    hidden = select(Conversation.id).where(Conversation.id == conversation_id, Conversation.is_deleted)
    if (await session.execute(hidden)).first() is None:
        return None
    query = select(func.count()).select_from(Message).where(Message.conversation_id == conversation_id)
    return (await session.execute(query)).scalar_one()


async def remove_hidden(session: AsyncSession, conversation_id: str) -> None:
    """Delete a hidden conversation with what it still has."""
    hidden = (Conversation.id == conversation_id, Conversation.is_deleted)
    await session.execute(delete(Conversation).where(*hidden))


async def count_of_app(session: AsyncSession, app_id: str) -> int:
    """How many messages and conversations an app has."""
    counts = [select(func.count()).where(table.app_id == app_id).scalar_subquery() for table in (Message, Conversation)]
    return sum((await session.execute(select(*counts))).one())


async def next_app(session: AsyncSession, after: str | None) -> str | None:
    """In their order, the next app that has messages, be it there or gone."""
    query = select(Message.app_id).order_by(Message.app_id).limit(1)
    if after is not None:
        query = query.where(Message.app_id > after)
    return (await session.execute(query)).scalar_one_or_none()


async def count_asked(session: AsyncSession, since: datetime, before: datetime) -> int:
    """How many messages of all apps were asked in a time: reads all of them."""
    query = select(func.count()).select_from(Message).where(Message.created_at >= since, Message.created_at < before)
    return (await session.execute(query)).scalar_one()


async def remove_some_messages(
    session: AsyncSession, which: Sequence[ColumnElement[bool]], since: datetime | None, at_most: int
) -> tuple[int, datetime | None]:
    """Delete the oldest of these messages, from `since` on; answers how many, and when the last of them was asked."""
    query = select(Message.id, Message.created_at).where(*which).order_by(Message.created_at).limit(at_most)
    if since is not None:
        query = query.where(Message.created_at >= since)
    rows = (await session.execute(query)).all()
    if not rows:
        return 0, None
    await _delete(session, Message, Message.id.in_([row.id for row in rows]))
    return len(rows), rows[-1].created_at


async def remove_some_conversations(session: AsyncSession, app_id: str, at_most: int) -> int:
    """Delete conversations of an app; answers how many."""
    ids = (await session.scalars(select(Conversation.id).where(Conversation.app_id == app_id).limit(at_most))).all()
    if ids:
        await _delete(session, Conversation, Conversation.id.in_(ids))
    return len(ids)


def _empty() -> ColumnElement[bool]:
    return ~exists().where(Message.conversation_id == Conversation.id)


async def find_empty_conversations(
    session: AsyncSession, after: str | None, at_most: int, *, since: datetime | None, before: datetime
) -> tuple[Sequence[str], Sequence[str]]:
    """The next conversations by id, of all apps, and those of them that are empty and were last used in that time."""
    empty = and_(Conversation.updated_at < before, _empty())
    if since is not None:
        empty = and_(Conversation.updated_at >= since, empty)
    query = select(Conversation.id, empty.label("empty")).order_by(Conversation.id).limit(at_most)
    if after is not None:
        query = query.where(Conversation.id > after)
    rows = (await session.execute(query)).all()
    return [row.id for row in rows], [row.id for row in rows if row.empty]


async def remove_if_empty(session: AsyncSession, ids: Sequence[str], before: datetime) -> None:
    """Delete those of these conversations that are still empty; one that is used now is locked, and then not so old."""
    await _delete(session, Conversation, Conversation.id.in_(ids), Conversation.updated_at < before, _empty())


async def _delete(session: AsyncSession, table: type[Conversation | Message], *which: ColumnElement[bool]) -> None:
    # The session holds none of these rows.
    await session.execute(delete(table).where(*which), execution_options={"synchronize_session": False})
