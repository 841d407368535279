"""Run one job: claim it, have it done, keep its lease. The same code under every dispatcher."""

from __future__ import annotations

import asyncio
import os
import random
import socket
import time
from collections.abc import Mapping
from datetime import timedelta

import structlog

from homeport.runtime.db.clock import database_now
from homeport.runtime.db.columns import new_id
from homeport.runtime.db.database import Database
from homeport.runtime.ops import faults, traces
from homeport.runtime.ops.meters import meters
from homeport.runtime.ops.outage import Outage
from homeport.runtime.tasks import lost, repository
from homeport.runtime.tasks.attempt import Attempts, Outcome
from homeport.runtime.tasks.claims import Claims
from homeport.runtime.tasks.dispatchers.port import Dispatcher
from homeport.runtime.tasks.limits import Limits
from homeport.runtime.tasks.line import Claimed
from homeport.runtime.tasks.running import Running, StopReason
from homeport.runtime.tasks.task import Registry

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=30)
_RENEW_SECONDS = 5.0


class Runner:
    """Runs jobs of a registry, any number at once, on the current event loop."""

    def __init__(
        self,
        database: Database,
        registry: Registry,
        *,
        dispatcher: Dispatcher | None = None,
        per_workspace: Mapping[str, int] | None = None,
        lease: timedelta = LEASE,
        renew_seconds: float = _RENEW_SECONDS,
    ) -> None:
        """`lease`: how long a silent worker counts as alive; renewed every `renew_seconds`.

        `dispatcher` is told when a queue with limits has room again; without it the sweep finds that out.
        `per_workspace`: jobs of one workspace that run at once, by queue, where an operator has set no limit.
        """
        self._database = database
        self._lease = lease
        self._renew_seconds = renew_seconds
        self._running: dict[tuple[str, int], Running] = {}
        self._ends: set[asyncio.Future[None]] = set()
        self._keeper: asyncio.Task[None] | None = None
        self._closing = False
        #: The one job that runs here although it may be what its earlier workers died of.
        self._suspect: str | None = None
        #: Of those who ask for a job: done when it is decided whether they run one.
        self._deciding: set[asyncio.Future[None]] = set()
        self._renewing = Outage("leases not renewed", "leases are renewed again")
        self._meters = meters().jobs
        self._limits = Limits(database, dispatcher, per_workspace)
        self.worker = f"{socket.gethostname()[:60]}:{os.getpid()}:{new_id()[-6:]}"
        self._claims = Claims(database, self.worker, lease)
        self._attempts = Attempts(database, registry, lambda: self._closing)

    @property
    def held(self) -> int:
        """Jobs that run here now."""
        return len(self._running)

    @property
    def running_ids(self) -> list[str]:
        """The ids of those jobs."""
        return [running.id for running in self._running.values()]

    async def run(self, job_id: str, queue: str | None = None) -> bool:
        """Claim and run the job of `queue` whose turn it is; without a queue, the job named.

        False when there was nothing to claim: a late or doubled hint, a queue that is paused or at a limit, or this is
        closing.
        """
        if self._closing:
            return False
        end: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._ends.add(end)
        try:
            return await self._claim_and_run(job_id, queue)
        finally:
            self._ends.discard(end)
            end.set_result(None)

    async def stop(self, job_id: str) -> None:
        """Cancel the coroutine of a job if it runs here."""
        for running in list(self._running.values()):
            if running.id == job_id:
                running.stop("cancelled")

    async def forget_limits(self, queue: str) -> None:
        """Read the limits of queues anew before the next claim: those of `queue` were changed."""
        self._limits.forget(queue)

    async def close(self, grace: float = 0, *, reason: StopReason = "handed back") -> None:
        """Claim nothing more, let what runs end for `grace` seconds, hand back the rest: another worker goes on.

        With the reason `worker full` what is handed back has failed an attempt: it may be what takes the memory, and
        must not go round for ever.
        """
        self._closing = True
        if self._ends and grace:
            await asyncio.wait(self._ends, timeout=grace)
        for running in list(self._running.values()):
            running.stop(reason)
        if self._ends:
            await asyncio.wait(self._ends)
        await self._limits.close()
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait([self._keeper])

    async def _claim_and_run(self, job_id: str, queue: str | None) -> bool:
        control = None if queue is None else await self._limits.of(queue)
        deciding: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._deciding.add(deciding)
        try:
            job = await (self._claims.named(job_id) if control is None else self._claims.next(control))
            doubtful = job is not None and (job.cancel_requested or self._closing or job.attempt >= lost.SUSPECT)
            put_down = job is not None and doubtful and await self._put_down(job)
        finally:
            self._deciding.discard(deciding)
            deciding.set_result(None)
        if job is None:
            if control is not None:
                await self._limits.refused(control, job_id)
            return False
        if put_down:
            return not self._closing
        if self._suspect == job.id:
            await self._others_decided()
        running = Running(job.id, job.attempt, job.max_attempts, job.workspace_id, self._database, job.task)
        self._running[job.id, job.attempt] = running
        if self._keeper is None or self._keeper.done():
            self._keeper = asyncio.create_task(self._keep_leases())
        structlog.contextvars.bind_contextvars(job_id=job.id, task=job.task)
        try:
            await self._watched_attempt(job, running)
        finally:
            structlog.contextvars.unbind_contextvars("job_id", "task")
            self._running.pop((job.id, job.attempt))
            if self._suspect == job.id:
                self._suspect = None
            if control is not None:
                await self._limits.ended(control, job.id)
        return True

    async def _others_decided(self) -> None:
        """Wait until jobs that were taken in the same moment run or are put down: they may not die with a suspect."""
        await asyncio.sleep(0)  # lets in those who have just been given theirs
        if self._deciding:
            await asyncio.wait(tuple(self._deciding))

    async def _put_down(self, job: Claimed) -> bool:
        """Whether the job that was just taken is not to be run here now; its row says what becomes of it."""
        async with self._database.begin() as session:
            if job.cancel_requested:
                return await repository.cancel_running(session, job.id, job.attempt)
            if self._closing:
                return await repository.hand_back(session, job.id, job.attempt, job.queue)
            if job.attempt > job.max_attempts:  # it will only be given up
                return False
            if not lost.is_lost(await repository.last_error(session, job.id)):
                return False
            if self._suspect is not None:
                later = database_now(session) + timedelta(seconds=random.uniform(*lost.STAND_BACK))  # noqa: S311
                return await repository.postpone(session, job.id, job.attempt, later, None)
            self._suspect = job.id
            return False

    async def _watched_attempt(self, job: Claimed, running: Running) -> None:
        """The attempt, counted, timed and traced: as part of the request that caused the job."""
        began = time.perf_counter()
        outcome: Outcome = "handed back"
        with (
            traces.span(
                f"job {job.task}",
                "consumer",
                parent=job.traceparent,
                homeport__job__id=job.id,
                homeport__job__task=job.task,
                homeport__job__attempt=job.attempt,
                messaging__destination__name=job.queue,
            ) as span,
            faults.timed("queue.task", job.task) as timed,
        ):
            try:
                outcome = await self._attempts.run(job, running)
            finally:
                span.note(homeport__job__outcome=outcome)
                if outcome in ("failed", "retried"):
                    span.fail(outcome)
                timed.end(job.task, outcome)
                self._meters.finished.labels(job.queue, job.task, outcome).inc()
                self._meters.seconds.labels(job.queue, job.task).observe(time.perf_counter() - began)

    async def _keep_leases(self) -> None:
        while self._running:
            began = time.monotonic()
            await asyncio.sleep(self._renew_seconds)
            held = list(self._running.values())
            late = time.monotonic() - began - self._renew_seconds
            if late > self._lease.total_seconds() / 2:
                tasks = sorted({running.task for running in held})
                log.warning(
                    "a task has blocked this process; its leases may be lost", seconds=round(late, 1), tasks=tasks
                )
            try:
                async with self._database.begin() as session:
                    pairs = [(running.id, running.attempt) for running in held]
                    mine = await repository.extend_leases(session, pairs, self.worker, self._lease)
            except Exception as error:  # noqa: BLE001 - the edge: without its keeper a long job loses its lease
                self._renewing.failed(error)
                continue
            self._renewing.ended()
            for running in held:
                cancel = mine.get((running.id, running.attempt))
                if cancel is None:
                    running.stop("lease lost")
                elif cancel:
                    running.stop("cancelled")
