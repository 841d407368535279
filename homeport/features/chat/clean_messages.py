"""Removes messages that are older than they are kept, and the conversations that have become empty by that."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import datetime, timedelta

import structlog

from homeport.features.chat import repository
from homeport.features.chat.remove import remove_empty_conversations, remove_messages
from homeport.features.chat.room import ChatRoom
from homeport.features.chat.tables import Message
from homeport.runtime.db.columns import utc_now
from homeport.runtime.db.database import Database
from homeport.runtime.tasks.queues import Queue
from homeport.runtime.tasks.task import NoPayload, RunningJob, Task

log = structlog.get_logger(__name__)

#: Rows of one transaction, at the most: databases take only so many values in a statement.
_LARGEST_PAGE = 5000


async def clean_messages(
    database: Database, *, before: datetime, since: datetime | None = None, page: int
) -> AsyncGenerator[int]:
    """Remove what was asked before a moment, and not before `since`; answers after each page how many messages.

    Up to `page` rows go in each transaction. Messages of apps that are gone are not spared.
    """
    page = min(page, _LARGEST_PAGE)
    old = [Message.created_at < before]
    if since is not None:
        old.append(Message.created_at >= since)
    app_id: str | None = None
    while True:
        # An app at a time: so the index on app and time serves, and messages need not be written into a third one.
        async with database.read() as session:
            app_id = await repository.next_app(session, app_id)
        if app_id is None:
            break
        async for count in remove_messages(database, Message.app_id == app_id, *old, page=page):
            yield count
    async for _ in remove_empty_conversations(database, before=before, since=since, page=page):
        yield 0


async def _clean(room: ChatRoom, _payload: NoPayload, _job: RunningJob) -> None:
    settings = room.settings
    before = utc_now() - timedelta(days=settings.sandbox_expired_records_retention_days)
    page = settings.sandbox_expired_records_clean_batch_size
    removed = 0
    async for count in clean_messages(room.database, before=before, page=page):
        removed += count
    if removed:
        log.info("expired messages were removed", count=removed, before=before.isoformat())


CLEAN = Task("chat.clean_messages", Queue.RETENTION, NoPayload, _clean)
