"""Every statement on job rows. Each change of state is one conditional UPDATE: a repeated or late call does nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, Table, and_, bindparam, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from homeport.runtime.db.columns import utc_now
from homeport.runtime.tasks.line import front_turn, join_line
from homeport.runtime.tasks.tables import Job, JobState

#: How long a hint may lie before the sweep sends another.
GRACE = timedelta(seconds=10)
#: A job that waits in a long line is not hinted every ten seconds, only after twice as long each time, up to this.
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
    return await _changed(session, _SUCCEED, {"job_id": job_id, "mine": attempt, "now": utc_now()}) == 1


async def fail(session: AsyncSession, job_id: str, attempt: int, error: str) -> bool:
    """Mark the job failed for good."""
    return await _finish(session, job_id, attempt, state=JobState.FAILED, last_error=error)


async def cancel_running(session: AsyncSession, job_id: str, attempt: int) -> bool:
    """Mark a running job cancelled."""
    return await _finish(session, job_id, attempt, state=JobState.CANCELLED)


async def _finish(session: AsyncSession, job_id: str, attempt: int, **values: Any) -> bool:
    fenced = update(Job).where(Job.id == job_id, Job.attempt == attempt, Job.state == JobState.RUNNING)
    values |= {"finished_at": utc_now(), "lease_until": None, "unique_key": None}
    return await _changed(session, fenced.values(**values)) == 1


async def put_back(session: AsyncSession, job_id: str, attempt: int, run_at: datetime, error: str) -> bool:
    """Queue the job again for `run_at`; `error` says why. The sweep lets it join the line when it is due."""
    values: dict[str, Any] = {"run_at": run_at, "hint_at": run_at, "last_error": error}
    return await _requeue(session, job_id, attempt, values)


async def hand_back(session: AsyncSession, job_id: str, attempt: int, queue: str) -> bool:
    """Put the job at the front of its line; the attempt does not count."""
    now = utc_now()
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
    await session.execute(update(Job).where(*mine).values(lease_until=utc_now() + lease))
    rows = await session.execute(select(Job.id, Job.attempt, Job.cancel_requested).where(*mine))
    return {(row.id, row.attempt): row.cancel_requested for row in rows if (row.id, row.attempt) in jobs}


async def set_progress(session: AsyncSession, job_id: str, attempt: int, done: int, total: int) -> None:
    """Show how far a running job is."""
    await session.execute(update(Job).where(Job.id == job_id, Job.attempt == attempt).values(done=done, total=total))


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
    ended = {"state": JobState.CANCELLED, "turn": None, "finished_at": utc_now()}
    await session.execute(update(Job).where(which, Job.state == JobState.QUEUED).values(ended))
    return list((await session.execute(select(Job.id).where(which, Job.state == JobState.RUNNING))).scalars())


async def anything_forgotten(session: AsyncSession) -> bool:
    """Whether `take_forgotten` would find something."""
    return (await session.execute(select(Job.id).where(*_forgotten(utc_now())).limit(1))).first() is not None


async def take_forgotten(session: AsyncSession, grace: timedelta, limit: int) -> list[tuple[str, str]]:
    """`(id, queue)` of due jobs that nobody was told of or whose hint seems lost, noted as hinted now.

    A job that has become due joins the line of its queue; one whose worker died goes to its front. Sweeps at the same
    time take different jobs.
    """
    now = utc_now()
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
    lost = {row.queue for row in rows if row.state == JobState.RUNNING}
    front = {queue: await front_turn(session, queue) for queue in lost}
    changes = []
    for row in rows:
        change: dict[str, Any] = {
            "id": row.id,
            "hint_at": now + min(max(now - (row.lease_until or row.run_at), grace), _LONGEST_SILENCE),
            "state": JobState.QUEUED,
            "turn": turns.get(row.id, row.turn),
            "leased_by": None,
            "lease_until": None,
        }
        if row.state == JobState.RUNNING:
            change["turn"] = front[row.queue]
            change["last_error"] = _lost(row.leased_by, row.lease_until, row.attempt, row.max_attempts)
            change["hint_at"] = now + grace
        changes.append(change)
    for with_error in (True, False):  # an update of many rows sets the same columns in each
        group = [change for change in changes if ("last_error" in change) == with_error]
        if group:
            await session.execute(update(Job), group)
    return [(row.id, row.queue) for row in rows]


def _lost(worker: str | None, when: datetime, attempt: int, most: int) -> str:
    return f"The worker {worker} was lost in attempt {attempt} of {most}; its lease ended {when:%Y-%m-%d %H:%M:%S} UTC."


def _forgotten(now: datetime) -> tuple[ColumnElement[bool], ...]:
    lost = and_(Job.state == JobState.RUNNING, Job.lease_until < now)
    return (Job.hint_at <= now, or_(Job.state == JobState.QUEUED, lost))


async def release_all(session: AsyncSession) -> int:
    """Queue every running job again and hint every waiting one anew: for the only process, when it starts."""
    now = utc_now()
    await session.execute(
        update(Job).where(Job.state == JobState.QUEUED, Job.run_at <= now, Job.hint_at > now).values(hint_at=now)
    )
    return await _changed(
        session,
        update(Job)
        .where(Job.state == JobState.RUNNING)
        .values(state=JobState.QUEUED, turn=None, leased_by=None, lease_until=None, hint_at=now),
    )


async def states(session: AsyncSession, ids: Sequence[str]) -> dict[str, str]:
    """The states of these jobs by id; those that are gone are missing."""
    return {row.id: row.state for row in await session.execute(select(Job.id, Job.state).where(Job.id.in_(ids)))}


async def hint_now(session: AsyncSession, ids: Sequence[str]) -> None:
    """Let the next sweep of any process tell of these jobs, without the usual grace."""
    await session.execute(update(Job).where(Job.id.in_(ids)).values(hint_at=utc_now()))


async def remove(session: AsyncSession, ids: Sequence[str]) -> None:
    """Delete these jobs, whatever their state: for jobs that nobody asks about again."""
    await session.execute(delete(Job).where(Job.id.in_(ids)))
