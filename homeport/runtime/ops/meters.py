"""The figures of this process, for Prometheus and for an OpenTelemetry collector.

    meters().jobs.finished.labels(queue, task, "succeeded").inc()

Names begin with `homeport_` and end with their unit. Labels take values from small sets only: route templates, the
names of queues and tasks, and at most `MOST_MODELS` models.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Literal

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    multiprocess,
    values,
)

#: Distinct pairs of provider and model that get a label of their own; all further ones are `other`.
MOST_MODELS = 200

_REQUEST_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
_MODEL_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300)
_JOB_SECONDS = (0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3600)
_FOLDER = "PROMETHEUS_MULTIPROC_DIR"

#: How gauges of several processes become one: the latest, their sum, or one each.
Together = Literal["mostrecent", "livesum", "liveall"]


class _Maker:
    """Makes meters of one registry."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()

    def counter(self, name: str, about: str, *labels: str) -> Counter:
        return Counter(f"homeport_{name}", about, labels, registry=self.registry)

    def seconds(self, name: str, about: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(f"homeport_{name}", about, labels, registry=self.registry, buckets=buckets)

    def gauge(self, together: Together, name: str, about: str, *labels: str) -> Gauge:
        return Gauge(f"homeport_{name}", about, labels, registry=self.registry, multiprocess_mode=together)


class HttpMeters:
    """Requests and the streams among their answers."""

    def __init__(self, make: _Maker) -> None:
        self.requests = make.counter("http_requests", "HTTP requests answered.", "method", "route", "status")
        self.seconds = make.seconds(
            "http_request_seconds", "From a request to the end of its answer.", _REQUEST_SECONDS, "method", "route"
        )
        self.streams = make.gauge("livesum", "http_streams_open", "Streamed answers on their way.")
        self.first_event = make.seconds(
            "http_stream_first_event_seconds", "From a request to the first event.", _REQUEST_SECONDS, "route"
        )


class ModelMeters:
    """Calls of models, each repeat for itself."""

    def __init__(self, make: _Maker) -> None:
        self.calls = make.counter("model_calls", "Calls of models.", "kind", "provider", "model", "outcome")
        self.seconds = make.seconds(
            "model_call_seconds", "From a call to the end of its answer.", _MODEL_SECONDS, "kind", "provider", "model"
        )
        self.first_token = make.seconds(
            "model_first_token_seconds", "From a call to its first piece.", _MODEL_SECONDS, "provider", "model"
        )
        self.tokens = make.counter("model_tokens", "Tokens of chat calls.", "provider", "model", "direction")
        self._known: set[tuple[str, str]] = set()

    def labels(self, provider: str, model: str) -> tuple[str, str]:
        """The labels of a model: its own names, or `other` once there are too many."""
        pair = (provider, model)
        if pair not in self._known:
            if len(self._known) >= MOST_MODELS:
                return ("other", "other")
            self._known.add(pair)
        return pair


class JobMeters:
    """Jobs: ended ones are counted here, unfinished ones are read from the database."""

    def __init__(self, make: _Maker) -> None:
        self.finished = make.counter("jobs_finished", "Attempts at jobs that ended.", "queue", "task", "outcome")
        self.seconds = make.seconds("job_seconds", "How long an attempt at a job took.", _JOB_SECONDS, "queue", "task")
        self.leases = make.gauge("livesum", "leases_held", "Jobs that these processes work on.")
        self.waiting = make.gauge("mostrecent", "jobs_waiting", "Due jobs that nobody has taken.", "queue")
        self.scheduled = make.gauge("mostrecent", "jobs_scheduled", "Jobs for later, repeats included.", "queue")
        self.running = make.gauge("mostrecent", "jobs_running", "Jobs whose worker holds a valid lease.", "queue")
        self.abandoned = make.gauge("mostrecent", "jobs_abandoned", "Running jobs whose lease has run out.", "queue")
        self.oldest = make.gauge(
            "mostrecent", "jobs_oldest_seconds", "How long the oldest waiting job has been due.", "queue"
        )
        self.recycled = make.counter("worker_recycled", "Times this worker started anew because of its memory.")
        self.workers = make.gauge("mostrecent", "workers_busy", "Processes that hold a valid lease on a job.")


class DatabaseMeters:
    """The pools of connections, and whether the database answers."""

    def __init__(self, make: _Maker) -> None:
        self.up = make.gauge("mostrecent", "database_up", "1 when the last look was answered, else 0.")
        self.size = make.gauge("livesum", "database_pool_size", "Connections the pool keeps at most.", "pool")
        self.in_use = make.gauge("livesum", "database_pool_in_use", "Connections in use.", "pool")
        self.overflow = make.gauge("livesum", "database_pool_overflow", "Connections above the pool's size.", "pool")
        self.waits = make.counter("database_pool_waits", "Times a connection had to be waited for.", "pool")
        self.wait_seconds = make.counter("database_pool_wait_seconds", "Time spent waiting for one.", "pool")


class ProcessMeters:
    """The process itself."""

    def __init__(self, make: _Maker) -> None:
        self.memory = make.gauge("liveall", "process_resident_memory_bytes", "Resident memory.")
        self.cpu = make.gauge("liveall", "process_cpu_seconds", "Processor time used since the start.")
        self.files = make.gauge("liveall", "process_open_files", "Open file descriptors.")
        self.start = make.gauge("liveall", "process_start_time_seconds", "Start, in seconds since 1970.")
        self.loop_delay = make.gauge(
            "liveall", "event_loop_delay_seconds", "How late the event loop woke up when last measured."
        )
        self.build = make.gauge("mostrecent", "build_info", "Version and commit; always 1.", "version", "commit")


class Meters:
    """All meters of a process."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call] # a second series for each one, of no use here
        make = _Maker()
        self.registry = make.registry
        self.http = HttpMeters(make)
        self.models = ModelMeters(make)
        self.jobs = JobMeters(make)
        self.database = DatabaseMeters(make)
        self.process = ProcessMeters(make)


@cache
def meters() -> Meters:
    """The meters of this process, made when first asked for: after a fork, and after `share`."""
    return Meters()


def share(folder: Path) -> None:
    """Keep the figures of this process and of all it forks in `folder`, so that each can show those of all.

    Called before the first use of `meters` and before the fork.
    """
    os.environ[_FOLDER] = str(folder)
    values.ValueClass = values.MultiProcessValue()  # type: ignore[no-untyped-call]
    meters.cache_clear()


def is_shared() -> bool:
    """Whether several processes keep their figures together."""
    return _FOLDER in os.environ


def forget_process(pid: int) -> None:
    """Take a process that has ended out of the gauges; what it counted stays."""
    if is_shared():
        multiprocess.mark_process_dead(pid)  # type: ignore[no-untyped-call]


def everything() -> CollectorRegistry:
    """What is shown: the figures of this process, or of all that share."""
    if not is_shared():
        return meters().registry
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry
