"""Hints through a broker: one Celery task that carries a job's id. Needs the extra `fleet`."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import structlog
from celery import Celery
from kombu import Exchange
from kombu import Queue as BrokerQueue
from kombu.exceptions import OperationalError

from homeport.runtime.errors import HomeportError
from homeport.runtime.tasks.queues import Queue
from homeport.runtime.tasks.settings import CelerySettings

log = structlog.get_logger(__name__)

RUN_JOB = "homeport.run_job"

_CONNECT_SECONDS = 2
#: Hints that wait for a slow broker; what comes above is left to the sweep.
_LONGEST_LINE = 10_000
_SCHEMES = ("redis", "rediss", "redis+socket", "sentinel", "amqp", "amqps")


class BrokerMisconfigured(HomeportError):
    """The address of the broker is not one."""

    code = "broker_misconfigured"


def make_celery(settings: CelerySettings) -> Celery:
    """A Celery application with the established queues. Results and retries are the job row's.

    Raises `BrokerMisconfigured`.
    """
    address = _checked_address(settings)
    app = Celery("homeport", broker=address, set_as_current=False)
    app.conf.update(
        # Each queue has its own exchange and key: the virtual transports mix them up otherwise.
        task_queues=[BrokerQueue(name, Exchange(name), routing_key=name) for name in Queue],
        task_default_queue=Queue.DATASET,
        task_ignore_result=True,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        worker_prefetch_multiplier=settings.celery_prefetch_multiplier,
        worker_max_tasks_per_child=settings.max_tasks_per_child,
        worker_proc_alive_timeout=60,  # a process opens its whole house before it counts as alive
        worker_hijack_root_logger=False,
        broker_connection_retry_on_startup=True,
        broker_connection_timeout=_CONNECT_SECONDS,
        broker_transport_options=_transport_options(settings, address),
        accept_content=["json"],
        timezone="UTC",
    )
    return app


def _checked_address(settings: CelerySettings) -> str:
    address = settings.celery_broker_url.get_secret_value() if settings.celery_broker_url else ""
    scheme, mark, _ = address.partition("://")
    if scheme not in _SCHEMES or not mark:
        found = f"begins with {scheme + mark!r}" if mark else "is no address" if address else "is not set"
        accepted = ", ".join(f"{one}://" for one in _SCHEMES)
        raise BrokerMisconfigured(f"CELERY_BROKER_URL {found}; accepted is an address that begins with {accepted}.")
    if scheme == "sentinel" and not settings.celery_sentinel_master_name:
        raise BrokerMisconfigured(
            "CELERY_BROKER_URL names Sentinels; CELERY_SENTINEL_MASTER_NAME must say which master to ask them for."
        )
    return address


def _transport_options(settings: CelerySettings, address: str) -> dict[str, Any]:
    if address.startswith("amqp"):
        return {}
    # A dead worker's messages come back after the timeout; the sweep is quicker, so this only tidies up.
    options: dict[str, Any] = {
        "visibility_timeout": 3600,
        "unacked_restore_throttle": 1,
        "socket_connect_timeout": _CONNECT_SECONDS,
    }
    if address.startswith("sentinel"):
        password = settings.celery_sentinel_password
        options["master_name"] = settings.celery_sentinel_master_name
        options["sentinel_kwargs"] = {
            "socket_timeout": settings.celery_sentinel_socket_timeout,
            "password": password.get_secret_value() if password else None,
        }
    return options


class CeleryDispatcher:
    """Sends hints from a thread of its own: publishing blocks, and a slow broker must not stop the loop."""

    def __init__(self, settings: CelerySettings) -> None:
        """Connects to nothing yet."""
        self._app = make_celery(settings)
        if "socket_connect_timeout" in self._app.conf.broker_transport_options:  # Redis; it waits for ever otherwise
            self._app.conf.broker_transport_options["socket_timeout"] = _CONNECT_SECONDS
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="broker")
        self._waiting = 0
        self._closed = False
        self._broken = False
        connection = self._app.connection_for_write()
        #: What the chosen transport raises; kombu translates only some of it.
        self._failures: tuple[type[BaseException], ...] = (
            OSError,
            OperationalError,
            *connection.connection_errors,
            *connection.channel_errors,
        )

    async def send(self, queue: str, job_id: str) -> None:
        """Publish one hint. A broker that does not take it costs a log line: the sweep sends it again."""
        if self._closed or self._waiting >= _LONGEST_LINE:
            return
        self._waiting += 1
        asyncio.get_running_loop().run_in_executor(self._thread, self._publish, queue, job_id)

    async def alive(self) -> bool:
        """Whether the broker accepts a connection within some seconds."""
        return await asyncio.get_running_loop().run_in_executor(None, self._connects)

    async def start(self) -> None:
        """Connections are made when they are needed."""

    async def close(self) -> None:
        """Send what is waiting, unless the broker is gone, and close the connections."""
        self._closed = True
        await asyncio.to_thread(self._thread.shutdown)
        await asyncio.to_thread(self._app.close)

    def _publish(self, queue: str, job_id: str) -> None:
        self._waiting -= 1
        if self._closed and self._broken:
            return
        try:
            # Tried again once: the kept connection may have died of a restarted broker.
            again = {"max_retries": 1, "interval_start": 0}
            self._app.send_task(RUN_JOB, args=[job_id], queue=queue, routing_key=queue, retry=True, retry_policy=again)
            self._broken = False
        except self._failures as error:
            self._broken = True
            log.warning(
                "the broker did not take a hint; the sweep will send it again", error=str(error)[:300], job_id=job_id
            )

    def _connects(self) -> bool:
        try:
            with self._app.connection_for_write(connect_timeout=_CONNECT_SECONDS) as connection:
                connection.ensure_connection(max_retries=1, timeout=_CONNECT_SECONDS)
        except self._failures:
            return False
        return True
