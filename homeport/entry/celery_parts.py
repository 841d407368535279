"""What a worker needs beyond Celery's own parts: a pool of threads that grows, and a stop that everybody hears of."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from celery import bootsteps
from celery.concurrency.thread import TaskPool

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor


class ThreadPool(TaskPool):
    """Celery's pool of threads, which `celery control pool_grow` and Flower can make larger and smaller, too."""

    executor: ThreadPoolExecutor

    def grow(self, n: int = 1) -> None:
        """So many more jobs at once."""
        self._resize(n)

    def shrink(self, n: int = 1) -> None:
        """So many fewer, one at least; those that run go on."""
        self._resize(-n)

    def _resize(self, by: int) -> None:
        # Threads are made when they are needed. Those that are too many stay and get nothing: the worker takes no more
        # messages than this.
        self.limit = max(self.limit + by, 1)
        self.executor._max_workers = max(self.limit, 1)  # noqa: SLF001 - it cannot be told otherwise


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
