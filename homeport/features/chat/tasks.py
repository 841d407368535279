"""The background work of this slice."""

from __future__ import annotations

from datetime import timedelta

from pydantic import BaseModel

from homeport.features.chat.export_trace import export_trace
from homeport.features.chat.repository import end_interrupted
from homeport.features.chat.room import ChatRoom
from homeport.runtime.db.columns import utc_now
from homeport.runtime.tasks.queues import Queue
from homeport.runtime.tasks.task import NoPayload, RunningJob, Task

_MARGIN = timedelta(minutes=2)


async def _end(room: ChatRoom, _payload: NoPayload, _job: RunningJob) -> None:
    # No answer may take longer, so whoever wrote these is gone.
    longest = timedelta(seconds=room.settings.app_max_execution_time)
    async with room.database.begin() as session:
        await end_interrupted(session, before=utc_now() - longest - _MARGIN)


class ExportTrace(BaseModel):
    """Which answer; the row is the truth, so no text of it is here."""

    message_id: str


async def _export(room: ChatRoom, payload: ExportTrace, _job: RunningJob) -> None:
    await export_trace(room, payload.message_id)


# A service may be away for an hour: ten attempts with growing pauses take about eighty minutes.
EXPORT_TRACE = Task(
    "chat.export_trace",
    Queue.OPS_TRACE,
    ExportTrace,
    _export,
    max_attempts=10,
    pause=timedelta(seconds=10),
    longest_pause=timedelta(hours=1),
    time_limit=timedelta(minutes=5),
)
END_ABANDONED = Task("chat.end_abandoned_answers", Queue.CONVERSATION, NoPayload, _end)
TASKS = (END_ABANDONED, EXPORT_TRACE)
