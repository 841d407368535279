"""Queues and workers at one glance."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from homeport.features.operate.count_ends import RecentEnds, count_ends
from homeport.features.operate.jobs.explain import look_around
from homeport.runtime.tasks.count import QueueFigures, count_unfinished
from homeport.runtime.tasks.presence import is_alive
from homeport.runtime.tasks.queues import Queue
from homeport.runtime.tasks.tables import Job, JobState


@dataclass(frozen=True, slots=True)
class QueueState:
    """One queue."""

    queue: str
    waiting: int
    scheduled: int
    running: int
    abandoned: int
    failed: int
    #: Seconds the oldest waiting job has waited.
    oldest_seconds: float
    #: Jobs that succeeded within the last hour.
    done_last_hour: int
    paused_at: datetime | None
    paused_by: str | None
    at_once: int | None
    per_workspace: int | None
    per_minute: int | None
    #: Workers that live and read it.
    workers: int


@dataclass(frozen=True, slots=True)
class WorkerState:
    """One process that does jobs."""

    name: str
    kind: str
    version: str
    alive: bool
    queues: list[str]
    running: int
    memory: int | None
    started_at: datetime
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Summary:
    """Everything an overview shows."""

    queues: list[QueueState]
    workers: list[WorkerState]
    #: Jobs that succeeded and that failed in each of the last 60 minutes, the oldest first.
    succeeded: list[int]
    failed: list[int]
    at: datetime


async def summarize(session: AsyncSession, recent: RecentEnds | None = None) -> Summary:
    """Five statements, however many jobs there are; with `recent` the ends of the last hour are a little older."""
    around = await look_around(session)
    figures = await count_unfinished(session)
    failed_now = (
        await session.execute(select(Job.queue, func.count()).where(Job.state == JobState.FAILED).group_by(Job.queue))
    ).all()
    dead = {row[0]: int(row[1]) for row in failed_now}
    ends = await (count_ends(session, around.now) if recent is None else recent.read(session, around.now))
    queues = []
    known = [queue.value for queue in Queue]
    # What a newer version has queued must not be out of sight.
    for queue in [*known, *sorted({*figures, *dead} - set(known))]:
        now = figures.get(queue, QueueFigures())
        control = around.controls.get(queue)
        readers = sum(queue in worker.queues and is_alive(worker, around.now) for worker in around.workers)
        queues.append(
            QueueState(
                queue=queue,
                waiting=now.waiting,
                scheduled=now.scheduled,
                running=now.running,
                abandoned=now.abandoned,
                failed=dead.get(queue, 0),
                oldest_seconds=now.oldest_seconds,
                done_last_hour=ends.done.get(queue, 0),
                paused_at=control.paused_at if control else None,
                paused_by=control.paused_by if control else None,
                at_once=control.at_once if control else None,
                per_workspace=control.per_workspace if control else None,
                per_minute=control.per_minute if control else None,
                workers=readers,
            )
        )
    workers = [
        WorkerState(
            name=worker.name,
            kind=worker.kind,
            version=worker.version,
            alive=is_alive(worker, around.now),
            queues=worker.queues,
            running=worker.running,
            memory=worker.memory,
            started_at=worker.started_at,
            seen_at=worker.seen_at,
        )
        for worker in around.workers
    ]
    return Summary(queues, workers, ends.succeeded, ends.failed, around.now)
