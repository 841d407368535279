"""Background work of this slice: one trivial task on each queue, by which a doctor sees that the queue is read."""

from __future__ import annotations

from pydantic import BaseModel

from homeport.features.operate.room import OperateRoom
from homeport.runtime.tasks.queues import Queue
from homeport.runtime.tasks.task import RunningJob, Task


class Probe(BaseModel):
    """Nothing to know."""


async def _answer(room: OperateRoom, _payload: Probe, job: RunningJob) -> None:
    async with room.database.begin() as session:
        await job.complete(session)


#: By queue.
PROBES: dict[Queue, Task[OperateRoom, Probe]] = {
    queue: Task(f"operate.probe_{queue.value}", queue, Probe, _answer, max_attempts=1) for queue in Queue
}
TASKS = tuple(PROBES.values())
