"""The Celery worker. The broker's messages only name jobs; the rows say what they are, and one loop does them.

`homeport serve` with MODE=worker starts it. `celery -A homeport.entry.worker inspect active` and its like work as well:
the application is made from the settings when it is first asked for.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import structlog
from celery import Celery, signals
from celery.platforms import EX_OK
from celery.worker import state
from sqlalchemy.exc import SQLAlchemyError

from homeport.entry.announce_stop import step_before_stopping
from homeport.entry.data_dir import prepare
from homeport.entry.fleet import WorkerPool, worker_pool
from homeport.entry.house_thread import Tenant
from homeport.entry.job_pool import Done, JobPool, pool_of
from homeport.entry.memory_ceiling import count_starts, room_below, start_anew
from homeport.entry.settings import Settings, read_settings
from homeport.entry.settle_key import require_right_key
from homeport.runtime.db.columns import new_id
from homeport.runtime.errors import HomeportError
from homeport.runtime.ops.logs import configure_logs
from homeport.runtime.ops.outage import Outage
from homeport.runtime.tasks.dispatchers.celery import RUN_JOB, make_celery, require_admission

log = structlog.get_logger(__name__)

#: What a process of a prefork pool needs beside what it has when it is forked, and something to work with.
_HOUSE_MB = 96
#: What hinders a job from being taken: no row has changed then.
_POSTPONED = (OSError, SQLAlchemyError, HomeportError)


@dataclass(frozen=True, slots=True)
class Worker:
    """Celery's application with its one task, and what does the jobs."""

    app: Celery
    #: The house in which they are done.
    tenant: Tenant
    #: Celery's pool, unless it is one of processes.
    pool: type[JobPool]


def make_worker(settings: Settings, data_dir: Path, pool: WorkerPool) -> Worker:
    """Opens nothing yet."""
    app = make_celery(settings.celery, settings.redis)
    # The current application is a matter of each thread; without a default, the thread of the house would find another.
    app.set_default()
    tenant = Tenant(_without_port(settings, pool), data_dir, _stop_taking if pool.name == "threads" else None)
    jobs = JobTaker(tenant)
    app.task(name=RUN_JOB)(jobs.run)
    _follow_celery(settings, tenant)

    def tell() -> None:
        if not tenant.full:  # who starts anew has told it already
            tenant.leaving.tell()

    app.steps["worker"].add(step_before_stopping(tell))
    return Worker(app, tenant, pool_of(jobs.begin))


class JobTaker:
    """Does what messages announce. One that cannot be done is told, and done with: the sweep tells of its job again."""

    def __init__(self, tenant: Tenant) -> None:
        """Opens nothing."""
        self._tenant = tenant
        self._outage = Outage("jobs are postponed", "jobs are taken again")

    def run(self, job_id: str, queue: str | None = None) -> None:
        """Do the next job of the queue, and wait for its end."""
        try:
            self._tenant.house().run(job_id, queue)
        except _POSTPONED as error:
            self._outage.failed(error)
        else:
            self._outage.ended()

    def begin(self, job_id: str, queue: str | None, done: Done) -> None:
        """Do the next job of the queue; `done` is called in the house's thread, when it has ended."""

        def ended(fault: BaseException | None) -> None:
            if fault is None:
                self._outage.ended()
            elif isinstance(fault, _POSTPONED):
                self._outage.failed(fault)
            else:
                log.error("a job could not be taken", exc_info=fault)
            done()

        self._tenant.house().begin(job_id, queue, ended)


def _follow_celery(settings: Settings, tenant: Tenant) -> None:
    """Open, leave and close the house when Celery says so."""

    def set_up_logging(**_signal: Any) -> None:
        _configure_logs(settings)

    def start_process(**_signal: Any) -> None:
        _configure_logs(settings)
        tenant.house()

    def announce(**_signal: Any) -> None:
        tenant.leaving.announce()

    def end_process(**_signal: Any) -> None:
        tenant.move_out()

    signals.setup_logging.connect(set_up_logging, weak=False)
    signals.worker_process_init.connect(start_process, weak=False)
    signals.worker_process_shutdown.connect(end_process, weak=False)
    signals.worker_shutting_down.connect(announce, weak=False)


def run(settings: Settings, data_dir: Path) -> int:
    """Work until a signal comes; answers the exit status. Raises what hinders it from opening its house."""
    asyncio.run(require_right_key(settings, data_dir))
    celery = settings.celery
    pool = worker_pool(celery)
    made = make_worker(settings, data_dir, pool)
    app, tenant = made.app, made.tenant
    require_admission(app)
    if pool.name == "threads":
        tenant.house()
        count_starts()
    else:
        _limit_memory(app, settings)
    worker = app.Worker(
        hostname=f"homeport-{new_id()[-8:]}@{socket.gethostname()}",
        pool_cls=made.pool if pool.name == "threads" else pool.name,
        concurrency=pool.size,
        autoscale=pool.autoscale,
        queues=list(celery.queues),
        loglevel=settings.logging.log_level,
        quiet=True,
        without_gossip=True,
        without_mingle=True,
    )
    log.info("worker starts", pool=pool.name, jobs_at_once=pool.size, queues=list(celery.queues))
    worker.start()
    fault = tenant.move_out()
    if tenant.full and fault is None:
        start_anew(lambda: tenant.leaving.asked)
    return worker.exitcode or (1 if fault else 0)


def _stop_taking() -> None:
    """As after a signal to stop: Celery takes no more messages, and ends when the last job has."""
    setattr(state, "should_stop", EX_OK)  # noqa: B010 - its types know only None


def _limit_memory(app: Celery, settings: Settings) -> None:
    ceiling = settings.celery.homeport_worker_memory_mb
    if ceiling is not None and room_below(ceiling, _HOUSE_MB):
        app.conf.worker_max_memory_per_child = ceiling * 1024  # Celery counts in KiB


def _without_port(settings: Settings, pool: WorkerPool) -> Settings:
    """The settings, without METRICS_PORT for a worker of processes: only one of them could listen on it."""
    if settings.telemetry.metrics_port is None or pool.name == "threads":
        return settings
    log.warning("METRICS_PORT is for a worker of threads; this one has processes and shows no figures")
    return settings.model_copy(update={"telemetry": settings.telemetry.model_copy(update={"metrics_port": None})})


def _configure_logs(settings: Settings) -> None:
    configure_logs(settings.logging)
    # Two lines for every message that came and went say less than the job's row.
    for name in ("celery.worker.strategy", "celery.app.trace"):
        logging.getLogger(name).setLevel(logging.DEBUG if settings.logging.log_level == "DEBUG" else logging.WARNING)


def __getattr__(name: str) -> Celery:
    if name != "app":
        raise AttributeError(name)
    return _app_from_settings()


@cache
def _app_from_settings() -> Celery:
    settings = read_settings()
    return make_worker(settings, prepare(settings.deployment.homeport_data_dir), worker_pool(settings.celery)).app
