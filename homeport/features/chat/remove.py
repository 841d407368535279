"""Remove messages and conversations for good: a page in each short transaction, with a pause for others in between.

Ratings go with their messages, by their foreign key.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from datetime import datetime

from sqlalchemy import ColumnElement
from sqlalchemy.ext.asyncio import AsyncSession

from homeport.features.chat import repository
from homeport.features.chat.tables import Message
from homeport.runtime.db.database import Database

PAGE = 200
#: Seconds. On SQLite everything happens on one loop, and nobody else writes meanwhile.
_BREATH = 0.01


class RemainsOfApp:
    """The conversations with an app: handed to the apps slice, which must not know them."""

    async def count(self, session: AsyncSession, app_id: str) -> int:
        """Messages, and conversations."""
        return await repository.count_of_app(session, app_id)

    async def remove(self, database: Database, app_id: str) -> AsyncGenerator[int]:
        """Messages first, so that none is left to the foreign key of a conversation, which would take all at once."""
        async for count in remove_messages(database, Message.app_id == app_id):
            yield count
        while True:
            async with database.begin() as session:
                count = await repository.remove_some_conversations(session, app_id, PAGE)
            if not count:
                return
            yield count
            await asyncio.sleep(_BREATH)


async def remove_messages(
    database: Database, *which: ColumnElement[bool], page: int | None = None
) -> AsyncGenerator[int]:
    """Remove these messages, oldest first; answers after each page (`PAGE` at the most) how many those were.

    `which` must begin with a column that has an index together with `created_at`.
    """
    since: datetime | None = None
    while True:
        async with database.begin() as session:
            count, last = await repository.remove_some_messages(session, which, since, page or PAGE)
        if count:
            yield count
            await asyncio.sleep(_BREATH)
        elif since is None:
            return
        # Going on from the last one spares a walk over what is deleted and not yet tidied away. One that was written
        # meanwhile may be older, so the end is where a look from the beginning finds nothing.
        since = last


async def remove_empty_conversations(
    database: Database, *, before: datetime, since: datetime | None = None, page: int
) -> AsyncGenerator[int]:
    """Remove conversations without messages that nobody has used since; looks at all, answers after each page."""
    after: str | None = None
    while True:
        async with database.read() as session:
            ids, empty = await repository.find_empty_conversations(session, after, page, before=before, since=since)
        if empty:
            async with database.begin() as session:
                await repository.remove_if_empty(session, empty, before)
        yield len(empty)
        if len(ids) < page:
            return
        after = ids[-1]
        await asyncio.sleep(_BREATH)
