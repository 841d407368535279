"""What the features use: put a job into the database together with the change that causes it, or cancel it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Generic, cast

from pydantic import BaseModel
from sqlalchemy import ColumnElement, Table, insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from homeport.runtime.broadcast.port import Broadcast
from homeport.runtime.db.clock import database_now
from homeport.runtime.db.columns import new_id
from homeport.runtime.db.database import after_commit
from homeport.runtime.ops import traces
from homeport.runtime.tasks import repository
from homeport.runtime.tasks.dispatchers.port import Dispatcher
from homeport.runtime.tasks.line import NEXT_TURN, next_turn
from homeport.runtime.tasks.queues import Queue
from homeport.runtime.tasks.tables import Job
from homeport.runtime.tasks.task import Payload, Room, Task

_UNIQUE_ATTEMPTS = 3
#: The topic on which the process that runs a job is told, by its id, to stop it.
STOP_JOB = "jobs.stop"
#: The topic on which every process that runs jobs is told, by its name, that the limits of a queue were changed.
LIMITS_CHANGED = "queues.limits"

# On the plain table and built once: a row is written for every job.
_JOBS = cast("Table", Job.__table__)
_INSERT = insert(_JOBS)
#: The columns that are given, and the turn as the line says at this moment: one statement instead of two.
_INSERT_IN_LINE = insert(_JOBS).values(turn=NEXT_TURN)


@dataclass(frozen=True, slots=True)
class Order(Generic[Payload]):
    """One of many jobs that are queued together."""

    payload: Payload
    workspace_id: str | None = None
    subject_id: str | None = None


class Jobs:
    """Queues jobs. The row is written in the caller's transaction; the hint leaves after its commit."""

    def __init__(self, dispatcher: Dispatcher, broadcast: Broadcast | None = None) -> None:
        """`broadcast` tells the process that runs a job to stop it; without it that one sees it within seconds."""
        self._dispatcher = dispatcher
        self._broadcast = broadcast

    async def enqueue(
        self,
        session: AsyncSession,
        task: Task[Room, Payload],
        payload: Payload,
        *,
        workspace_id: str | None = None,
        subject_id: str | None = None,
        unique_key: str | None = None,
        run_at: datetime | None = None,
        queue: Queue | None = None,
    ) -> str:
        """Queue one job and answer its id; with a `unique_key` that an unfinished job has, answer that job's id.

        `queue`: another one than the task's own; workers find the task by its name, whichever queue it waits in.
        """
        now = database_now(session)
        due = run_at is None or run_at <= now
        queue = queue or task.queue
        row = _row(task, queue, Order(payload, workspace_id, subject_id), now) | {"unique_key": unique_key}
        if run_at is not None:
            row |= {"run_at": run_at} if due else {"run_at": run_at, "hint_at": run_at}
        job_id = str(row["id"])
        if unique_key is None:
            await _add(session, row, due=due)
        else:
            existing = await _find_or_add(session, row, unique_key, due=due)
            if existing is not None:
                return existing
        if due:
            after_commit(session, partial(self._dispatcher.send, queue, job_id))
        return job_id

    async def enqueue_all(
        self,
        session: AsyncSession,
        task: Task[Room, Payload],
        orders: Sequence[Order[Payload]],
        *,
        queue: Queue | None = None,
    ) -> list[str]:
        """Queue many jobs of one kind, in their order, by two statements for each workspace; answer their ids."""
        queue, now = queue or task.queue, database_now(session)
        turns: dict[str | None, int] = {}
        rows = []
        for order in orders:
            workspace = order.workspace_id
            if workspace not in turns:
                turns[workspace] = await next_turn(session, queue, workspace)
            elif workspace is not None:  # those of nobody need not wait for each other
                turns[workspace] += 1
            rows.append(_row(task, queue, order, now) | {"turn": turns[workspace]})
        if not rows:
            return []
        await session.execute(_INSERT, rows)
        ids = [str(row["id"]) for row in rows]
        after_commit(session, partial(self._tell, queue, ids))
        return ids

    async def cancel(self, session: AsyncSession, subject_id: str) -> None:
        """Cancel every unfinished job about `subject_id`; a running one stops at its next await, on any replica."""
        await self._cancel(session, Job.subject_id == subject_id)

    async def cancel_these(self, session: AsyncSession, ids: Sequence[str]) -> None:
        """Cancel those of these jobs that are unfinished, as `cancel` does."""
        await self._cancel(session, Job.id.in_(ids))

    def tell_limits(self, session: AsyncSession, queue: str) -> None:
        """Let every process know, once this is committed, that limits of the queue were changed."""
        if self._broadcast is not None:
            after_commit(session, partial(self._broadcast.send, LIMITS_CHANGED, queue))

    async def _tell(self, queue: Queue, ids: Sequence[str]) -> None:
        for job_id in ids:
            await self._dispatcher.send(queue, job_id)

    async def _cancel(self, session: AsyncSession, which: ColumnElement[bool]) -> None:
        for job_id in await repository.request_cancel(session, which):
            if self._broadcast is not None:
                after_commit(session, partial(self._broadcast.send, STOP_JOB, job_id))


def _row(task: Task[Any, Any], queue: Queue, order: Order[Any], now: datetime) -> dict[str, Any]:
    """The columns of a job that is due now."""
    return {
        "id": new_id(),
        "queue": queue,
        "task": task.name,
        "payload": _as_json(order.payload),
        "workspace_id": order.workspace_id,
        "subject_id": order.subject_id,
        "max_attempts": task.max_attempts,
        "created_at": now,
        "run_at": now,
        "hint_at": now + repository.GRACE,
        "traceparent": traces.traceparent(),
    }


async def _add(session: AsyncSession, row: dict[str, Any], *, due: bool) -> None:
    """Write the row; one that is due joins the line."""
    if not due:
        await session.execute(_INSERT, row)
    elif session.get_bind().dialect.name == "mysql":  # no INSERT that reads its own table
        turn = await next_turn(session, row["queue"], row["workspace_id"])
        await session.execute(_INSERT, {**row, "turn": turn})
    else:
        await session.execute(_INSERT_IN_LINE, {**row, "line": row["queue"], "workspace": row["workspace_id"]})


async def _find_or_add(session: AsyncSession, row: dict[str, Any], unique_key: str, *, due: bool) -> str | None:
    """The id of the unfinished job with the key; None when there was none and the row was written."""
    for attempt in range(_UNIQUE_ATTEMPTS):
        existing = await repository.find_unique(session, unique_key)
        if existing is not None:
            return existing
        try:
            async with session.begin_nested():
                await _add(session, row, due=due)
        except IntegrityError:  # somebody else was quicker; unless that job has ended since, it is found now
            if attempt + 1 == _UNIQUE_ATTEMPTS:
                raise
        else:
            break
    return None


def _as_json(payload: BaseModel) -> dict[str, object]:
    return payload.model_dump(mode="json")
