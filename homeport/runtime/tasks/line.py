"""The line of a queue: whose turn it is, fair between workspaces.

A job that waits and is due has a `turn`, a number. The lowest is next. A new job stands behind the others of its own
workspace, but never behind more than one of each other workspace (start-time fair queueing): ten thousand documents of
one workspace do not keep another's one waiting. What is not due, runs or has ended has no turn, so the line's index
holds nothing else and a claim costs the same whatever the table has grown to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, cast

from sqlalchemy import (
    ColumnElement,
    CursorResult,
    Table,
    and_,
    bindparam,
    func,
    or_,
    select,
    text,
    union_all,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession

from homeport.runtime.db.clock import database_now
from homeport.runtime.tasks.controls import QueueControl, take_turn_of_rate
from homeport.runtime.tasks.tables import Job, JobState, QueueSwitch

_JOBS = cast("Table", Job.__table__)
_SWITCHES = cast("Table", QueueSwitch.__table__)
_RUNNING = _JOBS.alias("running")

_PARTS = (
    _JOBS.c.id,
    _JOBS.c.queue,
    _JOBS.c.task,
    _JOBS.c.payload,
    _JOBS.c.workspace_id,
    _JOBS.c.attempt,
    _JOBS.c.max_attempts,
    _JOBS.c.cancel_requested,
    _JOBS.c.traceparent,
)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A job that is this worker's for one attempt."""

    id: str
    queue: str
    task: str
    payload: dict[str, Any]
    workspace_id: str | None
    attempt: int
    max_attempts: int
    cancel_requested: bool
    traceparent: str | None


_FIRST = select(func.min(_JOBS.c.turn).label("turn")).where(
    _JOBS.c.queue == bindparam("line"), _JOBS.c.turn.is_not(None)
)
_BEHIND_OWN = select(func.max(_JOBS.c.turn) + 1).where(
    _JOBS.c.queue == bindparam("line"), _JOBS.c.workspace_id == bindparam("workspace"), _JOBS.c.turn.is_not(None)
)
_PLACES = union_all(_FIRST, _BEHIND_OWN).subquery("places")
#: The turn of a job that joins the line now, given its queue as `line` and its workspace as `workspace`.
NEXT_TURN = func.coalesce(select(func.max(_PLACES.c.turn)).scalar_subquery(), 0)
_NEXT_TURN = select(NEXT_TURN)


async def next_turn(session: AsyncSession, queue: str, workspace_id: str | None) -> int:
    """The turn of a job that joins the line now."""
    return int((await session.execute(_NEXT_TURN, {"line": queue, "workspace": workspace_id})).scalar_one())


async def front_turn(session: AsyncSession, queue: str) -> int:
    """The turn of a job that had its turn already and was handed back: before all others."""
    first = (await session.execute(_FIRST, {"line": queue})).scalar_one()
    return 0 if first is None else int(first) - 1


_CLAIM_VALUES: dict[str, Any] = {
    "state": JobState.RUNNING,
    "turn": None,
    "attempt": _JOBS.c.attempt + 1,
    "leased_by": bindparam("worker"),
    "lease_until": bindparam("until"),
    "started_at": bindparam("now"),
}
_CLAIM_ONE = (
    update(_JOBS)
    .where(
        _JOBS.c.id == bindparam("job_id"),
        or_(
            # One that stands in the line is due, whatever the clock of whoever put it there.
            and_(_JOBS.c.state == JobState.QUEUED, or_(_JOBS.c.turn.is_not(None), _JOBS.c.run_at <= bindparam("now"))),
            and_(_JOBS.c.state == JobState.RUNNING, _JOBS.c.lease_until < bindparam("now")),
        ),
    )
    .values(_CLAIM_VALUES)
)
_READ_ONE = select(*_PARTS).where(_JOBS.c.id == bindparam("job_id"))

_PAUSED = (
    select(_SWITCHES.c.queue)
    .where(_SWITCHES.c.queue == bindparam("line"), _SWITCHES.c.paused_at.is_not(None))
    .correlate(None)
    .exists()
)


def _next(*conditions: ColumnElement[bool]) -> Any:
    return (
        select(*_PARTS)
        .where(_JOBS.c.queue == bindparam("line"), _JOBS.c.turn.is_not(None), ~_PAUSED, *conditions)
        .order_by(_JOBS.c.turn, _JOBS.c.id)
        .limit(bindparam("most"))
        .with_for_update(skip_locked=True)
    )


_HERE = (_RUNNING.c.state == JobState.RUNNING, _RUNNING.c.queue == bindparam("line"))
_FREE_WORKSPACE = or_(
    _JOBS.c.workspace_id.is_(None),
    _JOBS.c.workspace_id.not_in(
        select(_RUNNING.c.workspace_id)
        .where(*_HERE, _RUNNING.c.workspace_id.is_not(None))
        .group_by(_RUNNING.c.workspace_id)
        .having(func.count() >= bindparam("per_workspace"))
    ),
)
_FREE_QUEUE = select(func.count()).select_from(_RUNNING).where(*_HERE).scalar_subquery() < bindparam("at_once")
#: By whether the queue has a limit on all its jobs, and on those of one workspace.
_NEXT = {
    (False, False): _next(),
    (True, False): _next(_FREE_QUEUE),
    (False, True): _next(_FREE_WORKSPACE),
    (True, True): _next(_FREE_QUEUE, _FREE_WORKSPACE),
}
# A common table expression, for it is worked out once: PostgreSQL may lock more rows by a plain subquery.
_CLAIM_NEXT = {
    limits: update(_JOBS)
    .where(_JOBS.c.id.in_(select(found.with_only_columns(_JOBS.c.id).cte("next").c.id)))
    .values(_CLAIM_VALUES)
    .returning(*_PARTS)
    for limits, found in _NEXT.items()
}
#: True. The commit does not wait for the disk: a claim that a crash of the server loses was none, and whoever worked on
#: it is refused the end, like any worker that has lost its lease.
_UNHURRIED = text("(SELECT set_config('synchronous_commit', 'off', true)) IS NOT NULL")
_CLAIM_NEXT_ON_POSTGRESQL = {limits: statement.where(_UNHURRIED) for limits, statement in _CLAIM_NEXT.items()}
_CLAIM_THESE = update(_JOBS).where(_JOBS.c.id.in_(bindparam("ids", expanding=True))).values(_CLAIM_VALUES)


async def claim(session: AsyncSession, job_id: str, worker: str, lease: timedelta) -> Claimed | None:
    """Take this job if it is due, or its worker let its lease run out. None: somebody else has it, or it is not due."""
    now = database_now(session)
    bound = {"job_id": job_id, "now": now, "worker": worker, "until": now + lease}
    if not cast("CursorResult[Any]", await session.execute(_CLAIM_ONE, bound)).rowcount:
        return None
    return _claimed((await session.execute(_READ_ONE, {"job_id": job_id})).one())


async def claim_next(
    session: AsyncSession, control: QueueControl, worker: str, lease: timedelta, most: int = 1
) -> list[Claimed]:
    """Take the jobs of the queue whose turn it is, at most so many; of a queue with limits, one.

    None: the line is empty, or the queue is paused or at one of its limits, which are kept up to workers that claim in
    the very same moment.
    """
    limits = (control.at_once is not None, control.per_workspace is not None)
    bound: dict[str, Any] = {"line": control.queue, "most": 1 if control.limited else most}
    bound |= {"at_once": control.at_once} if limits[0] else {}
    bound |= {"per_workspace": control.per_workspace} if limits[1] else {}
    now = database_now(session)
    values = {"now": now, "worker": worker, "until": now + lease}
    dialect = session.get_bind().dialect.name
    if dialect == "mysql":  # no RETURNING, and no UPDATE that reads its own table
        found = [_claimed(row) for row in await session.execute(_NEXT[limits], bound)]
        if found:
            await session.execute(_CLAIM_THESE, {"ids": [one.id for one in found], **values})
        found = [replace(one, attempt=one.attempt + 1) for one in found]
    else:
        statements = _CLAIM_NEXT_ON_POSTGRESQL if dialect == "postgresql" else _CLAIM_NEXT
        found = [_claimed(row) for row in await session.execute(statements[limits], bound | values)]
    if found and control.per_minute is not None and not await take_turn_of_rate(session, control):
        await session.rollback()  # whoever asks too early leaves the job in its place
        return []
    return sorted(found, key=lambda one: one.id)


def _claimed(row: Any) -> Claimed:
    return Claimed(*row)


async def count_waiting(session: AsyncSession, queue: str, workspace_id: str, most: int) -> int:
    """How many jobs of a workspace stand in the line of the queue; counted up to `most`."""
    lane = (Job.queue == queue, Job.workspace_id == workspace_id, Job.turn.is_not(None))
    some = select(Job.id).where(*lane).limit(most).subquery()
    return int((await session.execute(select(func.count()).select_from(some))).scalar_one())


async def join_line(session: AsyncSession, rows: Sequence[Any]) -> dict[str, int]:
    """Turns for due jobs that have none, by id; `rows` have id, queue and workspace_id, oldest first."""
    last: dict[tuple[str, str | None], int] = {}
    turns: dict[str, int] = {}
    for row in rows:
        lane = (row.queue, row.workspace_id)
        last[lane] = last[lane] + 1 if lane in last else await next_turn(session, *lane)
        turns[row.id] = last[lane]
    return turns


async def length(session: AsyncSession, queue: str, most: int) -> int:
    """How many jobs wait in the line, counted up to `most`."""
    waiting = select(Job.id).where(Job.queue == queue, Job.turn.is_not(None)).limit(most)
    return int((await session.execute(select(func.count()).select_from(waiting.subquery()))).scalar_one())


async def position(session: AsyncSession, queue: str, turn: int, job_id: str) -> int:
    """How many jobs of the queue have their turn before this one, and itself: 1 for the next."""
    before = or_(Job.turn < turn, and_(Job.turn == turn, Job.id < job_id))
    counted = select(func.count()).where(Job.queue == queue, Job.turn.is_not(None), before)
    return int((await session.execute(counted)).scalar_one()) + 1
