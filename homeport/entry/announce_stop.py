"""A step of Celery's worker: everybody hears of its stop before its pool waits for the jobs that run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from celery import bootsteps


def step_before_stopping(announce: Callable[[], None]) -> type[bootsteps.StartStopStep]:
    """A step of the worker that calls `announce` when it begins to stop, whoever has asked it to."""

    class SayThatItStops(bootsteps.StartStopStep):
        requires = ("celery.worker.components:Pool",)  # so it is stopped before the pool, which waits for its jobs

        def start(self, _worker: Any) -> None:
            """Nothing to start."""

        def stop(self, _worker: Any) -> None:
            """The worker begins to stop."""
            announce()

        def terminate(self, parent: Any) -> None:
            """The worker stops at once."""
            self.stop(parent)

    return SayThatItStops
