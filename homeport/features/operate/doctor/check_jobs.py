"""A job goes through each queue."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from homeport.features.operate.doctor.findings import Finding, ok, problem
from homeport.features.operate.tasks import PROBES
from homeport.runtime.db.database import Database
from homeport.runtime.tasks import repository
from homeport.runtime.tasks.jobs import Jobs
from homeport.runtime.tasks.queues import Queue
from homeport.runtime.tasks.tables import JobState
from homeport.runtime.tasks.task import NoPayload

_LOOK_SECONDS = 0.2


async def check_jobs(database: Database, jobs: Jobs, seconds: float, *, broker: str | None) -> list[Finding]:
    """Queue a probe on each queue and wait up to `seconds` for somebody to do it. The probes' rows are removed.

    `broker`: its address without secrets; None when jobs are done by the processes of the API themselves.
    """
    began = time.perf_counter()
    ids: dict[str, Queue] = {}
    try:
        async with database.begin() as session:
            for queue, task in PROBES.items():
                ids[await jobs.enqueue(session, task, NoPayload())] = queue
            await repository.hint_now(session, list(ids))
        left = await _wait(database, ids, began + seconds)
    finally:
        async with database.begin() as session:
            await repository.remove(session, list(ids))
    taken = time.perf_counter() - began
    done = len(ids) - len(left)
    findings = [ok(f"A job went through {done} of {len(ids)} queues in {taken:.1f} s.")] if done else []
    return findings + _silent(left, seconds, broker)


async def _wait(database: Database, ids: dict[str, Queue], end: float) -> list[Queue]:
    """The queues whose probe was not done in time."""
    while True:
        async with database.read() as session:
            states = await repository.states(session, list(ids))
        left = [queue for job_id, queue in ids.items() if states.get(job_id) != JobState.SUCCEEDED]
        if not left or time.perf_counter() > end:
            return left
        await asyncio.sleep(_LOOK_SECONDS)


def _silent(left: Sequence[Queue], seconds: float, broker: str | None) -> list[Finding]:
    if not left:
        return []
    names = ", ".join(queue.value for queue in left)
    many = f"The queues {names}" if len(left) > 1 else f"The queue {names}"
    if broker is None:
        fix = "Start `homeport up` or MODE=api: without CELERY_BROKER_URL they do the jobs."
    else:
        fix = f"Start a worker (MODE=worker) with the broker {broker} whose CELERY_QUEUES names them, or none."
    return [
        problem(
            f"{many} did not do a job within {seconds:g} s.",
            cause="No running worker reads them, or those that do are busy.",
            fix=fix,
        )
    ]
