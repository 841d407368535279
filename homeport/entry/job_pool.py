"""Celery's pool for a worker whose jobs are coroutines: the house's event loop does them, no thread waits for one."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import orjson
import structlog
from celery.concurrency.base import BasePool

log = structlog.get_logger(__name__)

Done = Callable[[], None]
#: Begins the next job of a queue and calls `Done`, in whatever thread, when it has ended.
Begin = Callable[[str, str | None, Done], None]


class JobPool(BasePool):
    """Begins as many jobs at once as its limit says; `celery control pool_grow` and Flower change that."""

    body_can_be_buffer = True
    signal_safe = False

    #: Set by the subclass that `pool_of` makes.
    begin: Begin

    def __init__(self, *args: Any, **options: Any) -> None:
        """As Celery makes it."""
        super().__init__(*args, **options)
        self._lock = threading.Condition()
        self._running = 0
        self._waiting: deque[Callable[[], None]] = deque()

    def on_apply(
        self,
        _target: Any,
        args: Sequence[Any] = (),
        _kwargs: Any = None,
        callback: Callable[[tuple[int, None, float]], None] | None = None,
        accept_callback: Callable[[int, float], None] | None = None,
        **_: Any,
    ) -> None:
        """Begin the job that a message announces, now or when another has ended.

        Celery would run its tracer in a thread (`_target`): results, chords and retries, which jobs do not have.
        """
        body = args[3]

        def start() -> None:
            began = time.monotonic()
            if accept_callback is not None:
                accept_callback(os.getpid(), began)
            ended = partial(self._ended, began, callback)
            try:
                job_id, queue = _announced(body)
            except (
                ValueError,
                TypeError,
                LookupError,
            ) as error:  # somebody else's message; the worker goes on
                log.warning("a message was dropped: it announces no job", error=str(error), length=len(body))
                ended()
            else:
                self.begin(job_id, queue, ended)

        with self._lock:
            if self._running >= self.limit:
                self._waiting.append(start)
                return
            self._running += 1
        start()

    def grow(self, n: int = 1) -> None:
        """So many more jobs at once."""
        self._resize(n)

    def shrink(self, n: int = 1) -> None:
        """So many fewer, one at least; those that run go on."""
        self._resize(-n)

    def on_stop(self) -> None:
        """Begin nothing more, and wait until the last job has ended or is handed back."""
        with self._lock:
            self._waiting.clear()
            self._lock.wait_for(lambda: self._running == 0)

    def _resize(self, by: int) -> None:
        with self._lock:
            self.limit = max(self.limit + by, 1)
        self._start_waiting()

    def _ended(self, began: float, callback: Callable[[tuple[int, None, float]], None] | None) -> None:
        try:
            if callback is not None:
                callback((0, None, time.monotonic() - began))
        finally:
            with self._lock:
                self._running -= 1
                self._lock.notify_all()
            self._start_waiting()

    def _start_waiting(self) -> None:
        while True:
            with self._lock:
                if not self._waiting or self._running >= self.limit:
                    return
                self._running += 1
                start = self._waiting.popleft()
            start()


def pool_of(begin: Begin) -> type[JobPool]:
    """The pool of a worker that begins its jobs so."""
    return type("JobPool", (JobPool,), {"begin": staticmethod(begin), "__module__": __name__})


def _announced(body: bytes | memoryview) -> tuple[str, str | None]:
    """The job and the queue that a message names; ValueError, TypeError or LookupError when it is of another kind."""
    job_id, *queue = orjson.loads(body)[0]
    return str(job_id), str(queue[0]) if queue and queue[0] is not None else None
