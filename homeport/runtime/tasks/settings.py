"""How jobs reach their workers: nothing (this process), or a broker and Celery."""

from __future__ import annotations

from pydantic import Field, PositiveFloat, PositiveInt, SecretStr

from homeport.runtime.config.section import CommaSeparated, Section
from homeport.runtime.tasks.queues import Queue


class CelerySettings(Section):
    """The broker and the workers. Without `CELERY_BROKER_URL` jobs run inside the process that serves the API."""

    celery_broker_url: SecretStr | None = Field(None, description="Address of the broker (redis, sentinel, amqp).")
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
        None, description="Pool of a worker: threads (the default) or prefork; gevent and others count as threads."
    )
    celery_worker_pool: str | None = Field(None, description="As CELERY_WORKER_CLASS, over which it wins.")
    celery_auto_scale: bool = Field(False, description="Let a worker grow and shrink between the next two.")
    celery_max_workers: PositiveInt | None = Field(None, description="Most jobs at once with CELERY_AUTO_SCALE.")
    celery_min_workers: PositiveInt = Field(1, description="Processes a prefork pool keeps with CELERY_AUTO_SCALE.")
    max_tasks_per_child: PositiveInt = Field(50, description="Jobs before a process of a prefork pool is replaced.")
    celery_prefetch_multiplier: PositiveInt = Field(1, description="Messages a worker takes ahead, per slot.")

    @property
    def queues(self) -> tuple[str, ...]:
        """The queues a worker reads."""
        return self.celery_worker_queues or self.celery_queues or tuple(Queue)
