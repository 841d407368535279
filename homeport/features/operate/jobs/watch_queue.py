"""Somebody is told when documents wait in a long line."""

from __future__ import annotations

from homeport.features.mail.send import Letter, send
from homeport.features.operate.room import OperateRoom
from homeport.runtime.tasks.count import QueueFigures, count_unfinished
from homeport.runtime.tasks.queues import Queue
from homeport.runtime.tasks.task import NoPayload, RunningJob, Task

_WATCHED = (Queue.PRIORITY_DATASET, Queue.DATASET)


async def _look(room: OperateRoom, _payload: NoPayload, job: RunningJob) -> None:
    settings = room.settings
    async with room.database.begin() as session:
        figures = await count_unfinished(session)
        lines = {queue: figures.get(queue, QueueFigures()) for queue in _WATCHED}
        waiting = sum(line.waiting for line in lines.values())
        if waiting > settings.queue_monitor_threshold and settings.queue_monitor_alert_emails:
            oldest = max(line.oldest_seconds for line in lines.values()) / 60
            letter = Letter(
                to=settings.queue_monitor_alert_emails,
                subject=f"{waiting} documents wait to be indexed",
                text=(
                    f"{waiting} documents wait to be indexed, more than QUEUE_MONITOR_THRESHOLD "
                    f"({settings.queue_monitor_threshold}). The oldest waits for {oldest:.0f} minutes.\n\n"
                    + "\n".join(f"{queue}: {line.waiting} wait, {line.running} run" for queue, line in lines.items())
                    + "\n\nSee what happens with: homeport jobs stats\nMore workers for these queues help.\n"
                ),
            )
            await send(session, room.mail, letter)
        await job.complete(session)  # the letter and the end of the look are one: no second letter after a crash


WATCH = Task("operate.watch_dataset_queue", Queue.RETENTION, NoPayload, _look)
