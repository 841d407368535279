"""The background work of this slice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from homeport.features.chat.clean_messages import CLEAN
from homeport.features.chat.delete_conversation import DELETE
from homeport.features.chat.end_interrupted import end_interrupted
from homeport.features.chat.export_trace import EXPORT_TRACE
from homeport.features.chat.name_conversation import NAME
from homeport.features.chat.room import ChatRoom
from homeport.runtime.db.columns import utc_now
from homeport.runtime.tasks.queues import Queue
from homeport.runtime.tasks.task import NoPayload, RunningJob, Task

_MARGIN = timedelta(minutes=2)


async def _end(room: ChatRoom, _payload: NoPayload, _job: RunningJob) -> None:
    # No answer may take longer, so whoever wrote these is gone.
    longest = timedelta(seconds=room.settings.app_max_execution_time)
    async with room.database.begin() as session:
        await end_interrupted(session, room.jobs, before=utc_now() - longest - _MARGIN)


END_ABANDONED = Task("chat.end_abandoned_answers", Queue.CONVERSATION, NoPayload, _end)
TASKS: tuple[Task[ChatRoom, Any], ...] = (END_ABANDONED, EXPORT_TRACE, DELETE, NAME, CLEAN)
