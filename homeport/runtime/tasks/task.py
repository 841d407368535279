"""What a slice declares: a task, its queue, its payload and the coroutine that does it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Generic, Protocol, TypeVar

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from homeport.runtime.errors import HomeportError
from homeport.runtime.tasks.queues import Queue

Room = TypeVar("Room")
Payload = TypeVar("Payload", bound=BaseModel)


class NoPayload(BaseModel):
    """For a task that needs to know nothing."""


class UnknownTask(HomeportError):
    """This version has no task of that name."""

    code = "unknown_task"
    temporary = True  # while a fleet is upgraded, another worker may know it
    retry_after = 60.0


class RunningJob(Protocol):
    """What a running task may know of, and do to, its own job."""

    id: str
    attempt: int
    max_attempts: int
    workspace_id: str | None

    async def progress(self, done: int, total: int) -> None:
        """Show how far the job is; written at most twice a second."""

    async def complete(self, session: AsyncSession) -> None:
        """Mark the job succeeded inside the task's own last transaction: its effects and its end are one.

        Raises `LeaseLost` (and so rolls the transaction back) when another worker has taken the job over.
        """


@dataclass(frozen=True, slots=True)
class Task(Generic[Room, Payload]):
    """A kind of background work.

    `run` may be started more than once for one job (a worker can die), so its effects are idempotent or written in the
    transaction of `RunningJob.complete`. A `temporary` error is tried again with growing pauses, at most `max_attempts`
    times in all; an error that asks for a longer pause (`retry_after`) gets it. A run that takes longer than
    `time_limit` is stopped, which counts as a temporary error. `failed` is told once the job has failed for good, with
    one sentence for a person.
    """

    name: str
    queue: Queue
    payload: type[Payload]
    run: Callable[[Room, Payload, RunningJob], Awaitable[None]]
    failed: Callable[[Room, Payload, AsyncSession, str], Awaitable[None]] | None = None
    max_attempts: int = 5
    pause: timedelta = timedelta(seconds=2)
    longest_pause: timedelta = timedelta(minutes=10)
    time_limit: timedelta = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class BoundTask:
    """A task together with the room it works in."""

    task: Task[Any, Any]
    room: Any


class Registry:
    """The tasks of this process, by name."""

    def __init__(self) -> None:
        self._tasks: dict[str, BoundTask] = {}

    def add(self, tasks: Iterable[Task[Any, Any]], room: Any) -> None:
        """Offer `tasks`; each will run with `room` as its first argument."""
        for task in tasks:
            self._tasks[task.name] = BoundTask(task, room)

    def get(self, name: str) -> BoundTask:
        """The task of that name; raises `UnknownTask`."""
        try:
            return self._tasks[name]
        except KeyError:
            known = ", ".join(sorted(self._tasks))
            message = f"The task {name!r} is unknown to this version, which knows {known}."
            hint = "A newer version queued it: upgrade every process, then replay it."
            raise UnknownTask(message, hint=hint) from None

    def names(self) -> list[str]:
        """All names, sorted."""
        return sorted(self._tasks)
