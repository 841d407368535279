"""The background work of this slice."""

from __future__ import annotations

from datetime import timedelta

from pydantic import BaseModel

from homeport.features.chat.repository import end_interrupted
from homeport.features.chat.room import ChatRoom
from homeport.runtime.db.columns import utc_now
from homeport.runtime.tasks.queues import Queue
from homeport.runtime.tasks.task import RunningJob, Task

_MARGIN = timedelta(minutes=2)


class Nothing(BaseModel):
    """Nothing to know."""


async def _end(room: ChatRoom, _nothing: Nothing, _job: RunningJob) -> None:
    # No answer may take longer, so whoever wrote these is gone.
    longest = timedelta(seconds=room.settings.app_max_execution_time)
    async with room.database.begin() as session:
        await end_interrupted(session, before=utc_now() - longest - _MARGIN)


END_ABANDONED = Task("chat.end_abandoned_answers", Queue.CONVERSATION, Nothing, _end)
TASKS = (END_ABANDONED,)
