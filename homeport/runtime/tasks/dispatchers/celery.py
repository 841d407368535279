"""Hints through a broker: one Celery task that carries a job's id. Needs the extra `fleet`."""

from __future__ import annotations

import asyncio
import contextvars
from concurrent.futures import ThreadPoolExecutor

from amqp.exceptions import AccessRefused, NotAllowed
from celery import Celery
from kombu import Exchange
from kombu import Queue as BrokerQueue
from kombu.exceptions import OperationalError

from homeport.runtime.errors import HomeportError
from homeport.runtime.ops import traces
from homeport.runtime.ops.outage import Outage
from homeport.runtime.redis.settings import RedisSettings
from homeport.runtime.tasks.broker import CONNECT_SECONDS, SILENCE_SECONDS, find_broker
from homeport.runtime.tasks.dispatchers.redis_transport import register as register_redis
from homeport.runtime.tasks.queues import Queue
from homeport.runtime.tasks.settings import CelerySettings

RUN_JOB = "homeport.run_job"

#: Hints that wait for a slow broker; what comes above is left to the sweep.
_LONGEST_LINE = 10_000


class BrokerRefused(HomeportError):
    """The broker does not let us in, and waiting would not change that."""

    code = "broker_refused"


def make_celery(settings: CelerySettings, redis: RedisSettings | None = None) -> Celery:
    """A Celery application with the established queues. Results and retries are the job row's.

    `redis` says how certificates are checked. Raises `BrokerMisconfigured`.
    """
    broker = find_broker(settings, redis)
    register_redis()
    app = Celery("homeport", broker=broker.address, set_as_current=False)
    app.conf.update(
        # Each queue has its own exchange and key: the virtual transports mix them up otherwise.
        task_queues=[BrokerQueue(name, Exchange(name), routing_key=name) for name in Queue],
        task_default_queue=Queue.DATASET,
        task_ignore_result=True,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        worker_prefetch_multiplier=settings.celery_prefetch_multiplier,
        # After a lost connection Celery would raise the prefetch count from the pool's threads, each of which then
        # waits for the broker's answer on the connection that the worker's loop reads: one of both may wait for ever.
        # A hint fetched too early costs nothing.
        worker_enable_prefetch_count_reduction=False,
        worker_max_tasks_per_child=settings.max_tasks_per_child,
        worker_proc_alive_timeout=60,  # a process opens its whole house before it counts as alive
        worker_hijack_root_logger=False,
        broker_connection_retry_on_startup=True,
        broker_connection_timeout=CONNECT_SECONDS,
        broker_heartbeat=SILENCE_SECONDS,
        broker_transport_options=broker.transport_options,
        broker_use_ssl=broker.tls or False,
        accept_content=["json"],
        timezone="UTC",
    )
    return app


def require_admission(app: Celery) -> None:
    """Raise `BrokerRefused` when a RabbitMQ does not let us in; one that does not answer yet is nobody's fault."""
    with app.connection_for_write(connect_timeout=CONNECT_SECONDS) as connection:
        shown = connection.as_uri()
        failures: tuple[type[BaseException], ...] = (OSError, *connection.connection_errors, *connection.channel_errors)
        try:
            connection.connect()
        except AccessRefused as error:
            sentence = f"The broker {shown} refused the user or the password of CELERY_BROKER_URL."
            raise BrokerRefused(sentence) from error
        except NotAllowed as error:
            raise BrokerRefused(
                f"The broker {shown} does not have the virtual host that CELERY_BROKER_URL names at its end, "
                "or does not let this user use it."
            ) from error
        except failures:
            return


class CeleryDispatcher:
    """Sends hints from a thread of its own: publishing blocks, and a slow broker must not stop the loop."""

    def __init__(self, settings: CelerySettings, redis: RedisSettings | None = None) -> None:
        """Connects to nothing yet. `redis` says how certificates are checked. Raises `BrokerMisconfigured`."""
        self._app = make_celery(settings, redis)
        options = self._app.conf.broker_transport_options
        if "socket_timeout" in options:
            options["socket_timeout"] = CONNECT_SECONDS
        else:  # RabbitMQ, which does not say that it has taken a message unless it is asked to
            options["confirm_publish"] = True
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="broker")
        self._waiting = 0
        self._closed = False
        self._broken = False
        self._outage = Outage(
            "the broker did not take a hint; the sweep will send it again", "the broker takes hints again"
        )
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
        publish = contextvars.copy_context().run  # so that it is part of the request that it was caused by
        asyncio.get_running_loop().run_in_executor(self._thread, publish, self._publish, queue, job_id)

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
            with traces.span("announce job", "producer", messaging__destination__name=queue, homeport__job__id=job_id):
                self._app.send_task(
                    RUN_JOB,
                    args=[job_id, queue],
                    queue=queue,
                    routing_key=queue,
                    # What `inspect` and Flower show: the job whose turn it will be is not known yet, its queue is.
                    shadow=f"the next job of {queue}",
                    retry=True,
                    retry_policy=again,
                    confirm_timeout=CONNECT_SECONDS,
                )
            self._broken = False
            self._outage.ended()
        except self._failures as error:
            self._broken = True
            self._outage.failed(error, job_id=job_id)

    def _connects(self) -> bool:
        try:
            with self._app.connection_for_write(connect_timeout=CONNECT_SECONDS) as connection:
                connection.ensure_connection(max_retries=1, interval_start=0, timeout=CONNECT_SECONDS)
        except self._failures:
            return False
        return True
