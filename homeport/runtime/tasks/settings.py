"""How jobs reach their workers: nothing (this process), or a broker and Celery."""

from __future__ import annotations

from difflib import get_close_matches

from pydantic import Field, PositiveFloat, PositiveInt, SecretStr, ValidationInfo, field_validator

from homeport.runtime.config.section import CommaSeparated, Section
from homeport.runtime.tasks.queues import Queue

#: How a worker may be told to run jobs side by side, and what that means here.
POOLS = {
    "threads": "threads",
    "prefork": "prefork",
    "processes": "prefork",
    "gevent": "threads",
    "eventlet": "threads",
    "solo": "one",
    "sync": "one",
}

#: The queues in which a workspace has a limit of its own.
WORKSPACE_LIMITED = (Queue.DATASET, Queue.PRIORITY_DATASET, Queue.PIPELINE, Queue.PRIORITY_PIPELINE)


class CelerySettings(Section):
    """The broker and the workers. Without `CELERY_BROKER_URL` jobs run inside the process that serves the API."""

    celery_broker_url: SecretStr | None = Field(None, description="Address of the broker (redis, sentinel, amqp).")
    broker_use_ssl: bool = Field(
        False, description="Speak TLS to the broker, also where CELERY_BROKER_URL does not say rediss or amqps."
    )
    celery_use_sentinel: bool = Field(False, description="The broker is Redis behind Sentinel.")
    celery_sentinel_master_name: str | None = Field(None, description="Sentinel's name of the broker's master.")
    celery_sentinel_password: SecretStr | None = Field(None, description="Password of the Sentinels.")
    celery_sentinel_socket_timeout: PositiveFloat = Field(0.1, description="Seconds to wait for a Sentinel.")
    celery_worker_queues: CommaSeparated = Field((), description="Queues a worker reads; all when empty.")
    celery_queues: CommaSeparated = Field((), description="As CELERY_WORKER_QUEUES, which wins over it.")
    celery_worker_amount: PositiveInt | None = Field(
        None, description="Jobs a worker runs at once: 8, or as many as there are processors with prefork."
    )
    celery_worker_concurrency: PositiveInt | None = Field(
        None, description="As CELERY_WORKER_AMOUNT, over which it wins."
    )
    celery_worker_class: str | None = Field(
        None, description="Pool of a worker: threads (the default), prefork or solo; gevent and eventlet mean threads."
    )
    celery_worker_pool: str | None = Field(None, description="As CELERY_WORKER_CLASS, over which it wins.")
    celery_auto_scale: bool = Field(False, description="Let a worker grow and shrink between the next two.")
    celery_max_workers: PositiveInt | None = Field(None, description="Most jobs at once with CELERY_AUTO_SCALE.")
    celery_min_workers: PositiveInt = Field(1, description="Processes a prefork pool keeps with CELERY_AUTO_SCALE.")
    max_tasks_per_child: PositiveInt = Field(50, description="Jobs before a process of a prefork pool is replaced.")
    homeport_worker_memory_mb: PositiveInt | None = Field(
        None, description="Megabytes of memory above which a worker, or a process of a prefork pool, starts anew."
    )
    celery_beat_scheduler_time: PositiveInt = Field(1, description="Days between runs of what is done daily.")
    celery_prefetch_multiplier: PositiveInt = Field(1, description="Messages a worker takes ahead, per slot.")
    tenant_isolated_task_concurrency: PositiveInt | None = Field(
        None,
        description="Documents of one workspace that are indexed at once; unset is no limit, as workspaces take turns.",
    )

    @field_validator("celery_worker_queues", "celery_queues")
    @classmethod
    def _queues_are_known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        unknown = next((name for name in value if name not in set(Queue)), None)
        if unknown is not None:
            raise ValueError(f"{unknown!r} is no queue{_meant(unknown, list(Queue))}; accepted are {', '.join(Queue)}")
        return value

    @field_validator("celery_worker_class", "celery_worker_pool")
    @classmethod
    def _pool_is_known(cls, value: str | None) -> str | None:
        if value is not None and value not in POOLS:
            raise ValueError(f"accepted is {', '.join(POOLS)}{_meant(value, list(POOLS))}")
        return value

    @field_validator("celery_min_workers")
    @classmethod
    def _least_is_not_above_most(cls, value: int, info: ValidationInfo) -> int:
        most = info.data.get("celery_max_workers")
        if most is not None and value > most:
            raise ValueError(f"accepted is at most CELERY_MAX_WORKERS, which is {most}")
        return value

    @property
    def queues(self) -> tuple[str, ...]:
        """The queues a worker reads."""
        return self.celery_worker_queues or self.celery_queues or tuple(Queue)

    @property
    def per_workspace(self) -> dict[str, int]:
        """Jobs of one workspace that run at once, by queue, where an operator has set no limit for the queue."""
        most = self.tenant_isolated_task_concurrency
        return {} if most is None else dict.fromkeys(WORKSPACE_LIMITED, most)


def _meant(name: str, known: list[str]) -> str:
    close = get_close_matches(name, known, 1)
    return f" (did you mean {str(close[0])!r}?)" if close else ""
