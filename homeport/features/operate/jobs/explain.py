"""Why a job stands where it stands, in one sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from homeport.runtime.db.clock import database_now
from homeport.runtime.tasks.controls import QueueControl, read_controls
from homeport.runtime.tasks.line import position
from homeport.runtime.tasks.presence import is_alive, list_workers
from homeport.runtime.tasks.queues import Queue
from homeport.runtime.tasks.tables import Job, JobState, Worker


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What decides over jobs besides their rows."""

    controls: Mapping[str, QueueControl]
    workers: Sequence[Worker]
    now: datetime

    @property
    def broker_away(self) -> bool:
        """Whether workers live, and none of them hears of jobs."""
        alive = [worker for worker in self.workers if is_alive(worker, self.now)]
        return bool(alive) and not any(worker.queues for worker in alive)

    def has_reader(self, queue: str) -> bool:
        """Whether a worker that lives reads the queue."""
        return any(queue in worker.queues and is_alive(worker, self.now) for worker in self.workers)


async def look_around(session: AsyncSession) -> Surroundings:
    """Two small tables."""
    return Surroundings(await read_controls(session), await list_workers(session), database_now(session))


async def explain(session: AsyncSession, job: Job, around: Surroundings) -> str:
    """For a waiting job what it waits for, for a running one how far it is, for a failed one its error."""
    match job.state:
        case JobState.QUEUED:
            return await _waiting(session, job, around)
        case JobState.RUNNING:
            return _running(job, around)
        case JobState.FAILED:
            return job.last_error or "It failed without saying why."
        case JobState.CANCELLED:
            return "It was cancelled."
        case _:
            return "It is done."


async def _waiting(session: AsyncSession, job: Job, around: Surroundings) -> str:
    if job.run_at > around.now:
        when = f"{job.run_at:%Y-%m-%d %H:%M:%S} UTC"
        if job.last_error:
            if job.attempt == 0:
                return f"It is tried again at {when}, after: {job.last_error}"
            return f"Attempt {job.attempt + 1} of {job.max_attempts} begins at {when}, after: {job.last_error}"
        return f"It is meant for {when}."
    control = around.controls.get(job.queue)
    if control is not None and control.paused_at is not None:
        by = f" by {control.paused_by}" if control.paused_by else ""
        return f"The queue {job.queue} is paused since {control.paused_at:%Y-%m-%d %H:%M:%S} UTC{by}."
    if around.broker_away:
        return "The workers do not reach the broker; the job waits until they do."
    if not around.has_reader(job.queue):
        strange = "" if job.queue in set(Queue) else "; this version does not know it, so a newer one queued the job"
        return f"No worker reads the queue {job.queue}{strange}."
    if job.turn is None:
        return "It joins its queue within seconds."
    if job.attempt >= job.max_attempts:
        return f"It has had all its attempts and is given up at its turn, after: {job.last_error}"
    place = f"Position {await position(session, job.queue, job.turn, job.id)} in {job.queue}"
    if control is not None and control.next_at is not None and control.next_at > around.now:
        place += f"; the queue's rate allows the next at {control.next_at:%H:%M:%S} UTC"
    return f"{place}, after: {job.last_error}" if job.last_error else f"{place}."


def _running(job: Job, around: Surroundings) -> str:
    if job.lease_until is not None and job.lease_until < around.now:
        return f"Its worker {job.leased_by} gives no sign of life; the job is taken over within seconds."
    asked = " It has been asked to stop." if job.cancel_requested else ""
    how_far = f", {job.done} of {job.total} done" if job.total else ""
    return f"Attempt {job.attempt} of {job.max_attempts} runs at {job.leased_by}{how_far}.{asked}"
