"""Every statement on job rows. Each change of state is one conditional UPDATE: a repeated or late call does nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, Table, and_, bindparam, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from homeport.runtime.db.clock import database_now
from homeport.runtime.tasks import lost
from homeport.runtime.tasks.line import front_turn, join_line, length
from homeport.runtime.tasks.tables import Job, JobState

#: How long a hint may lie before the sweep sends another.
GRACE = timedelta(seconds=10)
#: A job that waits in a long line is not hinted every ten seconds, only after twice as long each time. The longer the
#: line, the longer the silence may become: each job of a long line is told of by the hints of the others.
_SILENCE_PER_JOB = timedelta(seconds=0.3)
_SHORTEST_LIMIT = timedelta(seconds=30)
_LONGEST_SILENCE = timedelta(minutes=5)

_UNFINISHED = (JobState.QUEUED, JobState.RUNNING)


async def _changed(session: AsyncSession, statement: Any, bound: dict[str, Any] | None = None) -> int:
    return cast("CursorResult[Any]", await session.execute(statement, bound)).rowcount


# On the plain table and built once: run for every job.
_JOBS = cast("Table", Job.__table__)
_SUCCEED = (
    update(_JOBS)
    .where(
        _JOBS.c.id == bindparam("job_id"),
        _JOBS.c.attempt == bindparam("mine"),
        _JOBS.c.state == JobState.RUNNING,
    )
    .values(
        state=JobState.SUCCEEDED,
        last_error=None,
        finished_at=bindparam("now"),
        lease_until=None,
        unique_key=None,
    )
)


async def succeed(session: AsyncSession, job_id: str, attempt: int) -> bool:
    """Mark this attempt's success; False when the job belongs to a later attempt by now."""
    return await _changed(session, _SUCCEED, {"job_id": job_id, "mine": attempt, "now": database_now(session)}) == 1


async def fail(session: AsyncSession, job_id: str, attempt: int, error: str, *, most: int | None = None) -> bool:
    """Mark the job failed for good; `most`: how many attempts it had, where this one was none."""
    values: dict[str, Any] = {"state": JobState.FAILED, "last_error": error}
    return await _finish(session, job_id, attempt, values | ({} if most is None else {"attempt": most}))


async def cancel_running(session: AsyncSession, job_id: str, attempt: int) -> bool:
    """Mark a running job cancelled."""
    return await _finish(session, job_id, attempt, {"state": JobState.CANCELLED})


async def _finish(session: AsyncSession, job_id: str, attempt: int, values: dict[str, Any]) -> bool:
    fenced = update(Job).where(Job.id == job_id, Job.attempt == attempt, Job.state == JobState.RUNNING)
    ended = {"finished_at": database_now(session), "lease_until": None, "unique_key": None}
    return await _changed(session, fenced.values(**values, **ended)) == 1


async def put_back(session: AsyncSession, job_id: str, attempt: int, run_at: datetime, error: str) -> bool:
    """Queue the job again for `run_at`; `error` says why. The sweep lets it join the line when it is due."""
    values: dict[str, Any] = {"run_at": run_at, "hint_at": run_at, "last_error": error}
    return await _requeue(session, job_id, attempt, values)


async def postpone(session: AsyncSession, job_id: str, attempt: int, run_at: datetime, error: str | None) -> bool:
    """As `put_back`, but the attempt does not count; without `error` that of the row stays."""
    values: dict[str, Any] = {"run_at": run_at, "hint_at": run_at, "attempt": Job.attempt - 1}
    return await _requeue(session, job_id, attempt, values | ({} if error is None else {"last_error": error}))


async def hand_back(session: AsyncSession, job_id: str, attempt: int, queue: str) -> bool:
    """Put the job at the front of its line; the attempt does not count."""
    now = database_now(session)
    turn = await front_turn(session, queue)
    return await _requeue(
        session, job_id, attempt, {"run_at": now, "hint_at": now, "turn": turn, "attempt": Job.attempt - 1}
    )


async def _requeue(session: AsyncSession, job_id: str, attempt: int, values: dict[str, Any]) -> bool:
    values |= {"state": JobState.QUEUED, "leased_by": None, "lease_until": None}
    fenced = update(Job).where(Job.id == job_id, Job.attempt == attempt, Job.state == JobState.RUNNING)
    return await _changed(session, fenced.values(**values)) == 1


async def extend_leases(
    session: AsyncSession, jobs: Sequence[tuple[str, int]], worker: str, lease: timedelta
) -> dict[tuple[str, int], bool]:
    """Renew the leases of this worker's `(id, attempt)` pairs. Answers pair -> cancel requested for those kept."""
    mine = (Job.id.in_([job_id for job_id, _ in jobs]), Job.leased_by == worker, Job.state == JobState.RUNNING)
    await session.execute(update(Job).where(*mine).values(lease_until=database_now(session) + lease))
    rows = await session.execute(select(Job.id, Job.attempt, Job.cancel_requested).where(*mine))
    return {(row.id, row.attempt): row.cancel_requested for row in rows if (row.id, row.attempt) in jobs}


async def asked_to_stop(session: AsyncSession, ids: Sequence[str]) -> list[str]:
    """Those of these jobs that somebody has cancelled."""
    return list((await session.execute(select(Job.id).where(Job.id.in_(ids), Job.cancel_requested))).scalars())


async def set_progress(session: AsyncSession, job_id: str, attempt: int, done: int, total: int) -> None:
    """Show how far a running job is."""
    await session.execute(update(Job).where(Job.id == job_id, Job.attempt == attempt).values(done=done, total=total))


async def last_error(session: AsyncSession, job_id: str) -> str | None:
    """Why the attempt before this one was none."""
    return (await session.execute(select(Job.last_error).where(Job.id == job_id))).scalar_one_or_none()


async def created_at(session: AsyncSession, job_id: str) -> datetime | None:
    """When the job was queued; None when it is gone."""
    return (await session.execute(select(Job.created_at).where(Job.id == job_id))).scalar_one_or_none()


async def find_unique(session: AsyncSession, unique_key: str) -> str | None:
    """The id of the unfinished job with this key."""
    return (
        await session.execute(select(Job.id).where(Job.unique_key == unique_key, Job.state.in_(_UNFINISHED)).limit(1))
    ).scalar_one_or_none()


async def request_cancel(session: AsyncSession, which: ColumnElement[bool]) -> list[str]:
    """Cancel unfinished jobs: waiting ones at once, running ones by a flag. Answers the latter."""
    # The flag comes first: it locks the rows, so no job changes its state between these statements.
    unfinished = update(Job).where(which, Job.state.in_(_UNFINISHED))
    if not await _changed(session, unfinished.values(cancel_requested=True, unique_key=None)):
        return []
    ended = {"state": JobState.CANCELLED, "turn": None, "finished_at": database_now(session)}
    await session.execute(update(Job).where(which, Job.state == JobState.QUEUED).values(ended))
    return list((await session.execute(select(Job.id).where(which, Job.state == JobState.RUNNING))).scalars())


async def anything_forgotten(session: AsyncSession) -> bool:
    """Whether `take_forgotten` would find something."""
    return (
        await session.execute(select(Job.id).where(*_forgotten(database_now(session))).limit(1))
    ).first() is not None


async def take_forgotten(session: AsyncSession, grace: timedelta, limit: int) -> list[tuple[str, str]]:
    """`(id, queue)` of due jobs that nobody was told of or whose hint seems lost, noted as hinted now.

    A job that has become due joins the line of its queue; one whose worker died goes to its front. Sweeps at the same
    time take different jobs.
    """
    now = database_now(session)
    rows = (
        await session.execute(
            select(
                Job.id, Job.queue, Job.workspace_id, Job.state, Job.turn, Job.run_at,
                Job.attempt, Job.max_attempts, Job.leased_by, Job.lease_until,
            )
            .where(*_forgotten(now))
            .order_by(Job.hint_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
    ).all()  # fmt: skip
    turns = await join_line(session, [row for row in rows if row.state == JobState.QUEUED and row.turn is None])
    longest = {queue: await _longest_silence(session, queue) for queue in {row.queue for row in rows}}
    taken_over = {row.queue for row in rows if row.state == JobState.RUNNING}
    front = {queue: await front_turn(session, queue) for queue in taken_over}
    changes: list[dict[str, Any]] = []
    for row in rows:
        if row.state == JobState.RUNNING:
            change = lost.queued_again(row, now, front[row.queue])
            changes.append(change | {"hint_at": change["run_at"] + grace} if change["turn"] is not None else change)
            continue
        silence = min(max(now - row.run_at, grace), longest[row.queue])
        changes.append({"id": row.id, "hint_at": now + silence, "turn": turns.get(row.id, row.turn)})
    for with_error in (True, False):  # an update of many rows sets the same columns in each
        group = [change for change in changes if ("last_error" in change) == with_error]
        if group:
            await session.execute(update(Job), group)
    waits = {change["id"] for change in changes if change.get("turn") is None}
    return [(row.id, row.queue) for row in rows if row.id not in waits]


async def _longest_silence(session: AsyncSession, queue: str) -> timedelta:
    waiting = await length(session, queue, most=_LONGEST_SILENCE // _SILENCE_PER_JOB)
    return max(waiting * _SILENCE_PER_JOB, _SHORTEST_LIMIT)


def _forgotten(now: datetime) -> tuple[ColumnElement[bool], ...]:
    abandoned = and_(Job.state == JobState.RUNNING, Job.lease_until < now)
    return (Job.hint_at <= now, or_(Job.state == JobState.QUEUED, abandoned))


async def release_all(session: AsyncSession) -> int:
    """Queue every running job again and hint every waiting one anew: for the only process, when it starts.

    The attempt counts: a job that ends the process each time is given up after its last one.
    """
    now = database_now(session)
    await session.execute(
        update(Job).where(Job.state == JobState.QUEUED, Job.run_at <= now, Job.hint_at > now).values(hint_at=now)
    )
    parts = (Job.id, Job.attempt, Job.max_attempts, Job.leased_by, Job.lease_until)
    rows = (await session.execute(select(*parts).where(Job.state == JobState.RUNNING))).all()
    if rows:
        await session.execute(update(Job), [lost.queued_again(row, now, None, ended=True) for row in rows])
    return len(rows)


async def states(session: AsyncSession, ids: Sequence[str]) -> dict[str, str]:
    """The states of these jobs by id; those that are gone are missing."""
    return {row.id: row.state for row in await session.execute(select(Job.id, Job.state).where(Job.id.in_(ids)))}


async def hint_now(session: AsyncSession, ids: Sequence[str]) -> None:
    """Let the next sweep of any process tell of these jobs, without the usual grace."""
    await session.execute(update(Job).where(Job.id.in_(ids)).values(hint_at=database_now(session)))


async def remove(session: AsyncSession, ids: Sequence[str]) -> None:
    """Delete these jobs, whatever their state: for jobs that nobody asks about again."""
    await session.execute(delete(Job).where(Job.id.in_(ids)))
