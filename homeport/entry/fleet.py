"""What must be set before a process can be one of several, and how large a worker is."""

from __future__ import annotations

import importlib.util
import os
from dataclasses import dataclass

import structlog

from homeport.backends.vectors.registry import choose as choose_vectors
from homeport.entry.deployment import Mode
from homeport.entry.settings import Settings
from homeport.runtime.errors import HomeportError
from homeport.runtime.tasks.broker import find_broker, proposed_address
from homeport.runtime.tasks.settings import POOLS, CelerySettings

log = structlog.get_logger(__name__)

#: Jobs a worker of threads runs at once. They wait for models and files most of the time, on one event loop.
_THREADS = 8


class NotForAFleet(HomeportError):
    """A setting is for one process alone."""

    code = "not_for_a_fleet"


class BrokerMissing(HomeportError):
    """There is no broker."""

    code = "broker_missing"


class ExtraMissing(HomeportError):
    """A package that this mode needs is not installed."""

    code = "extra_missing"


def require_extra(package: str, reason: str) -> None:
    """Raise `ExtraMissing` unless `package`, of the extra `fleet`, is installed."""
    if importlib.util.find_spec(package) is None:
        raise ExtraMissing(
            f"{reason} needs {package}, which is not installed.", hint="Install it: pip install 'homeport[fleet]'."
        )


def for_one_process(settings: Settings) -> str | None:
    """The sentence about a setting that only one process may work with; None when several may."""
    if settings.database.kind == "sqlite":
        return (
            "The database is SQLite, which one process alone may use; "
            "set DB_TYPE to postgresql or mysql, and DB_HOST and its like to where it is."
        )
    _, store = choose_vectors(settings.vectors)
    if not store.capabilities.shared:
        return (
            f"VECTOR_STORE is {settings.vectors.vector_store!r}, which one process alone may use; "
            "set it to a store with a server of its own, such as pgvector."
        )
    return None


def check(settings: Settings, mode: Mode) -> None:
    """Raise one sentence about what keeps this process from doing what `mode` says."""
    if mode == "migration":
        return
    broker = settings.celery.celery_broker_url is not None
    if mode == "api":
        require_extra("gunicorn", "MODE=api")
        require_extra("uvicorn_worker", "MODE=api")
    elif not broker:
        raise BrokerMissing(
            f"MODE={mode} needs CELERY_BROKER_URL, the address of the broker through which jobs are announced, "
            f"such as {proposed_address(settings.redis)} or amqp://user:password@rabbitmq:5672.",
            hint="Without a broker, `homeport up` and MODE=api do the jobs themselves.",
        )
    if broker:
        require_extra("celery", "CELERY_BROKER_URL")
        find_broker(settings.celery, settings.redis)
    elif settings.redis.kind is not None:
        log.info(
            "CELERY_BROKER_URL is not set, so this process does the jobs itself; Redis alone takes no jobs",
            it_might_be=proposed_address(settings.redis),
        )
    several = broker or settings.deployment.server_worker_amount > 1
    reason = for_one_process(settings)
    if several and reason is not None:
        what = f"MODE={mode}" if broker else f"SERVER_WORKER_AMOUNT={settings.deployment.server_worker_amount}"
        raise NotForAFleet(f"{what} is for several processes. {reason}", hint="Or run `homeport up`, which is one.")


@dataclass(frozen=True, slots=True)
class WorkerPool:
    """How a worker runs jobs side by side."""

    name: str
    size: int
    #: Most and fewest processes, for a pool that grows and shrinks.
    autoscale: tuple[int, int] | None = None


def worker_pool(settings: CelerySettings) -> WorkerPool:
    """What the established variables mean here: threads, or processes where prefork is asked for."""
    wanted = settings.celery_worker_pool or settings.celery_worker_class or "threads"
    meant = POOLS[wanted]
    amount = settings.celery_worker_concurrency or settings.celery_worker_amount
    if meant != wanted:
        shown = "one thread" if meant == "one" else meant
        log.info("jobs run on an event loop, so a worker's pool is threads or prefork", wanted=wanted, taken=shown)
    if meant == "one":
        return WorkerPool("threads", 1)
    if meant == "prefork":
        size = amount or os.cpu_count() or 1
        if settings.celery_auto_scale and amount is None:
            most = max(settings.celery_max_workers or size, settings.celery_min_workers)
            return WorkerPool("prefork", most, (most, settings.celery_min_workers))
        return WorkerPool("prefork", size)
    if settings.celery_auto_scale and amount is None:
        amount = settings.celery_max_workers  # places for jobs cost nothing while they are empty
    return WorkerPool("threads", amount or _THREADS)
