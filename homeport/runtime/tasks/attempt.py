"""One attempt at a job: do it, and write how it ended. What it ends by decides whether there is another."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Literal, TypeVar

import structlog
from pydantic import BaseModel, ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from homeport.runtime.db.clock import database_now
from homeport.runtime.db.database import Database
from homeport.runtime.db.faults import DatabaseUnavailable
from homeport.runtime.errors import DiskFull, HomeportError
from homeport.runtime.ops import faults
from homeport.runtime.ops.outage import Outage
from homeport.runtime.tasks import repository
from homeport.runtime.tasks.line import Claimed
from homeport.runtime.tasks.running import LeaseLost, Running, WorkerFull
from homeport.runtime.tasks.task import BoundTask, Registry, UnknownTask

log = structlog.get_logger(__name__)

_PAUSE = timedelta(seconds=2)
_LONGEST_PAUSE = timedelta(minutes=10)
#: How long a job waits for a worker that knows its task before its attempts count; and how often it asks.
_PATIENCE = timedelta(hours=1)
_ASK_AGAIN = (timedelta(seconds=5), timedelta(minutes=2))
#: Seconds between tries to write how an attempt ended, while the database is away or full.
_WRITE_AGAIN = (0.5, 5.0)

Written = TypeVar("Written")


class PayloadRefused(HomeportError):
    """The payload of the job is not what this version's task expects."""

    code = "payload_refused"


class Interrupted(HomeportError):
    """Something inside the task cancelled it."""

    code = "interrupted"
    temporary = True


class TimeLimitReached(HomeportError):
    """The job took longer than it may."""

    code = "time_limit_reached"
    temporary = True


#: How an attempt ended.
Outcome = Literal["succeeded", "failed", "retried", "cancelled", "handed back", "lease lost"]


class Attempts:
    """Makes the attempts of one process, any number at once."""

    def __init__(self, database: Database, registry: Registry, closing: Callable[[], bool]) -> None:
        """`closing`: whether this process is about to end, and hands back what it does."""
        self._database = database
        self._registry = registry
        self._closing = closing
        self._outage = Outage("the end of an attempt cannot be written yet", "the ends of attempts are written again")

    async def run(self, job: Claimed, running: Running) -> Outcome:
        """Do the job and write what became of it."""
        try:
            bound = self._registry.get(job.task)
            payload = bound.task.payload.model_validate(job.payload)
        except UnknownTask as error:
            return await self._unknown(job, error)
        except ValidationError as error:
            return await self._raised(job, None, _refused(job, error))
        if job.attempt > job.max_attempts:
            why = await self._write(lambda session: repository.last_error(session, job.id))
            return await self._give_up(job, bound, why or "Its workers were lost.", most=job.max_attempts)
        running.coroutine = asyncio.ensure_future(_in_time(bound, payload, running))
        if self._closing():  # `close` came while the claim was committed, and could not see this one
            running.stop("handed back")
        try:
            await running.coroutine
        except asyncio.CancelledError:
            return await self._stopped(job, bound, running)
        except Exception as error:  # noqa: BLE001 - the edge: whatever a task raises ends here
            return await self._raised(job, bound, error)
        if running.completed or await self._write(lambda session: repository.succeed(session, job.id, job.attempt)):
            return "succeeded"
        return await self._raised(job, bound, LeaseLost())

    async def _write(self, write: Callable[[AsyncSession], Awaitable[Written]]) -> Written:
        """Write how an attempt ended, and wait with that for a database that is away or full.

        The writes are fenced: whoever takes the job over meanwhile is not disturbed.
        """
        pause, longest = _WRITE_AGAIN
        while True:
            try:
                async with self._database.begin() as session:
                    written = await write(session)
            except (DatabaseUnavailable, DiskFull) as error:
                if self._closing():
                    raise
                self._outage.failed(error)
            else:
                self._outage.ended()
                return written
            await asyncio.sleep(pause)
            pause = min(pause * 2, longest)

    async def _unknown(self, job: Claimed, error: UnknownTask) -> Outcome:
        """A worker that knows the task may take it, as while a fleet is upgraded: no attempt is lost by that."""

        async def leave(session: AsyncSession) -> bool:
            now = database_now(session)
            age = now - (await repository.created_at(session, job.id) or now)
            pause = min(max(age / 4, _ASK_AGAIN[0]), _ASK_AGAIN[1]) * random.uniform(0.8, 1.2)  # noqa: S311
            return age < _PATIENCE and await repository.postpone(session, job.id, job.attempt, now + pause, str(error))

        return "handed back" if await self._write(leave) else await self._raised(job, None, error)

    async def _stopped(self, job: Claimed, bound: BoundTask, running: Running) -> Outcome:
        current = asyncio.current_task()
        ending = current is not None and current.cancelling() > 0
        if running.stop_reason is None and not ending:
            return await self._raised(job, bound, Interrupted())
        if running.stop_reason == "lease lost" and not ending:
            return await self._raised(job, bound, LeaseLost())
        if running.stop_reason == "worker full" and not ending:
            return await self._raised(job, bound, WorkerFull("Its worker had grown too large and started anew."))

        async def write(session: AsyncSession) -> None:
            if running.stop_reason == "cancelled":
                await repository.cancel_running(session, job.id, job.attempt)
            else:
                await repository.hand_back(session, job.id, job.attempt, job.queue)

        await self._write(write)
        if ending:
            raise asyncio.CancelledError
        reason = running.stop_reason
        return "handed back" if reason is None or reason == "worker full" else reason

    async def _raised(self, job: Claimed, bound: BoundTask | None, error: Exception) -> Outcome:
        if isinstance(error, LeaseLost):
            log.warning("job lost to another worker", attempt=job.attempt)
            return "lease lost"
        if isinstance(error, HomeportError):
            sentence, temporary = str(error), error.temporary
        else:
            log.error("job raised", attempt=job.attempt, exc_info=error)
            faults.report(error, attempt=str(job.attempt))
            sentence = f"An internal error stopped this ({type(error).__name__}); see the log."
            temporary = True
        if temporary and job.attempt < job.max_attempts:
            first, longest = (_PAUSE, _LONGEST_PAUSE) if bound is None else (bound.task.pause, bound.task.longest_pause)
            pause = min(first * 2 ** min(job.attempt - 1, 20), longest) * random.uniform(0.8, 1.2)  # noqa: S311
            asked = getattr(error, "retry_after", None)
            if asked is not None:
                pause = max(pause, timedelta(seconds=asked))
            await self._write(
                lambda session: repository.put_back(
                    session, job.id, job.attempt, database_now(session) + pause, sentence
                )
            )
            return "retried"
        return await self._give_up(job, bound, sentence)

    async def _give_up(self, job: Claimed, bound: BoundTask | None, error: str, most: int | None = None) -> Outcome:
        async def write(session: AsyncSession) -> None:
            if await repository.fail(session, job.id, job.attempt, error, most=most) and bound is not None:
                await _tell_failed(bound, job, session, error)

        log.warning("job failed", error=error)
        try:
            await self._write(write)
        except Exception as second:  # the edge: a fault in `failed` must not keep the job unfinished
            log.error("the task could not be told that its job failed", exc_info=second)
            faults.report(second)
            await self._write(lambda session: repository.fail(session, job.id, job.attempt, error, most=most))
        return "failed"


async def _in_time(bound: BoundTask, payload: BaseModel, running: Running) -> None:
    seconds = bound.task.time_limit.total_seconds()
    try:
        async with asyncio.timeout(seconds) as limit:
            await bound.task.run(bound.room, payload, running)
    except TimeoutError as error:
        if not limit.expired():
            raise
        minutes = seconds / 60
        raise TimeLimitReached(f"This took longer than its limit of {minutes:g} minutes.") from error


async def _tell_failed(bound: BoundTask, job: Claimed, session: AsyncSession, error: str) -> None:
    if bound.task.failed is not None:
        await bound.task.failed(bound.room, bound.task.payload.model_validate(job.payload), session, error)


def _refused(job: Claimed, error: ValidationError) -> PayloadRefused:
    problems = "; ".join(f"{'.'.join(map(str, one['loc'])) or 'all of it'}: {one['msg']}" for one in error.errors())
    return PayloadRefused(f"The payload of {job.task} is not what this version expects ({problems}).")
