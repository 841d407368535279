"""Kills the process that does a job, as far as one process can show it: at a chosen touch of the outside.

From then on every further touch fails as well, so nothing that runs "in the end" can reach the database any more.
Between two touches that change nothing outside (two readings, say) it makes no difference where a process dies: places
to die at are the first touch, before and after each commit, and after each call.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from unittest.mock import patch

from sqlalchemy.ext.asyncio import AsyncSession

from homeport.backends.llm.guards import GuardedEmbedder, GuardedProvider
from homeport.backends.mail.drivers.smtp.driver import SmtpMailer
from homeport.backends.storage.guards import GuardedStorage
from homeport.backends.vectors.guards import GuardedVectors
from homeport.entry.wiring import House
from homeport.runtime.db.database import Database, after_commit
from homeport.runtime.outbound.client import Outbound
from homeport.runtime.tasks import repository

#: What a task can reach the outside by, beside the database.
OUTSIDE: tuple[type[Any], ...] = (
    GuardedStorage,
    GuardedVectors,
    GuardedEmbedder,
    GuardedProvider,
    Outbound,
    SmtpMailer,
)

_CHANGES_NOTHING = ("before a transaction", "before a reading", "before Guarded", "before Outbound", "before Smtp")


class Killed(BaseException):
    """Like a signal: no `except Exception` may hold it up."""


@dataclass(slots=True)
class KillSwitch:
    """Counts touches while it is armed, and kills at number `at`; None: at none."""

    at: int | None = None
    #: Kill when the end of the job's row is about to be written.
    at_end: bool = False
    armed: bool = False
    killed: bool = False
    touched: list[str] = field(default_factory=list)

    def touch(self, what: str) -> None:
        """Something outside is touched, or has just been."""
        if not self.armed:
            return
        if self.killed:
            raise Killed(what)
        if self.touched and what.startswith(_CHANGES_NOTHING):
            return
        self.touched.append(what)
        if len(self.touched) == self.at:
            self._kill(what)

    def write_end(self) -> None:
        """The end of the row is written next."""
        if self.armed and self.at_end:
            self._kill("the end of the row")

    def _kill(self, what: str) -> None:
        self.killed = True
        raise Killed(what)

    @contextmanager
    def installed(self) -> Iterator[None]:
        """While the block lasts, everything that reaches the outside goes past this switch."""
        with ExitStack() as stack:
            stack.enter_context(patch.object(Database, "begin", _begin(self, Database.begin)))
            stack.enter_context(patch.object(Database, "read", _read(self, Database.read)))
            stack.enter_context(patch.object(repository, "succeed", _succeed(self, repository.succeed)))
            for kind in OUTSIDE:
                for name, member in list(vars(kind).items()):
                    if name.startswith("_") or name in ("close", "repeat"):
                        continue
                    if inspect.iscoroutinefunction(member):
                        stack.enter_context(patch.object(kind, name, _call(self, kind, member)))
                    elif inspect.isasyncgenfunction(member):
                        stack.enter_context(patch.object(kind, name, _stream(self, kind, member)))
            yield

    async def run(self, house: House, task_name: str, job_id: str) -> None:
        """One attempt, under this switch from the moment the task begins; `Killed` ends here."""
        bound = house.registry.get(task_name)

        async def run(room: Any, payload: Any, job: Any) -> None:
            self.armed = True
            await bound.task.run(room, payload, job)

        house.registry.add([replace(bound.task, run=run)], bound.room)
        try:
            await house.runner.run(job_id)
        except Killed:
            assert self.killed
        finally:
            self.armed = False
            house.registry.add([bound.task], bound.room)


def _begin(switch: KillSwitch, original: Callable[..., Any]) -> Callable[..., Any]:
    @asynccontextmanager
    async def begin(self: Database) -> AsyncIterator[AsyncSession]:
        switch.touch("before a transaction")
        async with original(self) as session:

            async def committed() -> None:
                switch.touch("after a commit")

            after_commit(session, committed)  # the first of its hooks: whoever dies here has committed, and no more
            yield session
            switch.touch("before a commit")

    return begin


def _read(switch: KillSwitch, original: Callable[..., Any]) -> Callable[..., Any]:
    @asynccontextmanager
    async def read(self: Database) -> AsyncIterator[AsyncSession]:
        switch.touch("before a reading")
        async with original(self) as session:
            yield session

    return read


def _succeed(switch: KillSwitch, original: Callable[..., Any]) -> Callable[..., Any]:
    async def succeed(*arguments: Any, **named: Any) -> Any:
        switch.write_end()
        return await original(*arguments, **named)

    return succeed


def _call(switch: KillSwitch, kind: type[Any], original: Callable[..., Any]) -> Callable[..., Any]:
    name = f"{kind.__name__}.{original.__name__}"

    @functools.wraps(original)
    async def call(*arguments: Any, **named: Any) -> Any:
        switch.touch(f"before {name}")
        answer = await original(*arguments, **named)
        switch.touch(f"after {name}")
        return answer

    return call


def _stream(switch: KillSwitch, kind: type[Any], original: Callable[..., Any]) -> Callable[..., Any]:
    name = f"{kind.__name__}.{original.__name__}"

    @functools.wraps(original)
    async def stream(*arguments: Any, **named: Any) -> AsyncIterator[Any]:
        switch.touch(f"before {name}")
        async for item in original(*arguments, **named):
            switch.touch(f"within {name}")
            yield item
        switch.touch(f"after {name}")

    return stream
