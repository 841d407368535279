"""Background work of this slice. One trivial task on each queue lets a doctor see that the queue is read."""

from __future__ import annotations

from typing import Any

from homeport.features.operate.jobs.retention import REMOVE_ENDED
from homeport.features.operate.jobs.watch_queue import WATCH
from homeport.features.operate.room import OperateRoom
from homeport.runtime.tasks.queues import Queue
from homeport.runtime.tasks.task import NoPayload, RunningJob, Task


async def _answer(room: OperateRoom, _payload: NoPayload, job: RunningJob) -> None:
    async with room.database.begin() as session:
        await job.complete(session)


#: By queue.
PROBES: dict[Queue, Task[OperateRoom, NoPayload]] = {
    queue: Task(f"operate.probe_{queue.value}", queue, NoPayload, _answer, max_attempts=1) for queue in Queue
}
TASKS: tuple[Task[OperateRoom, Any], ...] = (*PROBES.values(), REMOVE_ENDED, WATCH)
