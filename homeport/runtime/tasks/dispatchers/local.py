"""Jobs run in this process, on its own event loop: no broker, no thread, no poll."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Mapping

from homeport.runtime.ops.outage import Outage
from homeport.runtime.tasks.queues import Queue

#: How many jobs of a queue run at once. Indexing is bounded by the one database writer and the parser processes.
_CONCURRENCY: Mapping[str, int] = {Queue.DATASET: 8, Queue.PRIORITY_DATASET: 8}
_DEFAULT_CONCURRENCY = 4


class LocalDispatcher:
    """Runs hints in the order they come, each queue beside the others."""

    def __init__(self) -> None:
        self._waiting: defaultdict[str, deque[str]] = defaultdict(deque)
        self._known: set[str] = set()
        self._active: defaultdict[str, int] = defaultdict(int)
        self._tasks: set[asyncio.Task[None]] = set()
        self._run: Callable[[str, str], Awaitable[bool]] | None = None
        self._open = False
        self._outage = Outage("jobs are postponed", "jobs are taken again")

    def connect(self, run: Callable[[str, str], Awaitable[bool]]) -> None:
        """Give the coroutine that runs the next job of a queue; it is told the hint's job and the queue."""
        self._run = run

    async def send(self, queue: str, job_id: str) -> None:
        """Put a job at the end of its queue's line."""
        if job_id in self._known or not self._open:
            return
        self._known.add(job_id)
        self._waiting[queue].append(job_id)
        self._fill(queue)

    async def alive(self) -> bool:
        """Whether it takes jobs."""
        return self._open

    async def start(self) -> None:
        """Take jobs from now on."""
        self._open = True

    async def close(self) -> None:
        """Take no more jobs. Those that run are handed back by the runner."""
        self._open = False
        self._waiting.clear()

    def _fill(self, queue: str) -> None:
        line = self._waiting[queue]
        while line and self._active[queue] < _CONCURRENCY.get(queue, _DEFAULT_CONCURRENCY):
            self._active[queue] += 1
            task = asyncio.create_task(self._work(queue, line.popleft()))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _work(self, queue: str, job_id: str) -> None:
        assert self._run is not None
        try:
            await self._run(job_id, queue)
            self._outage.ended()
        except Exception as error:  # noqa: BLE001 - the edge: the row could not be read or written
            self._outage.failed(error, job_id=job_id)
        finally:
            self._known.discard(job_id)
            self._active[queue] -= 1
            self._fill(queue)
