"""Between the addresses and the executor: who may come in, who has to wait, what is counted."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from homeport_sandbox.count import Counts
from homeport_sandbox.errors import Busy, Refused, SandboxError, TooWeak
from homeport_sandbox.execute import NODE, PYTHON, Executor, Task
from homeport_sandbox.judge import Verdict, judge
from homeport_sandbox.levels import Level, level
from homeport_sandbox.settings import Settings

log = logging.getLogger("homeport_sandbox")

#: Seconds for which a machine that confines too little is believed to go on doing so.
_WEAK_SECONDS = 10.0


class Runs:
    """All runs of this server."""

    def __init__(self, settings: Settings, executor: Executor) -> None:
        """Starts nothing."""
        self._settings = settings
        self.executor = executor
        self.counts = Counts()
        self._workers = asyncio.Semaphore(settings.max_workers)
        self._inside = 0
        self._running = 0
        self._problem: TooWeak | None = None
        self._problem_until = 0.0

    @property
    def package_paths(self) -> list[str]:
        """Where the interpreter of the code imports from."""
        ground = self.executor.ground
        return [] if ground is None else ground.paths

    async def open(self) -> None:
        """Get ready; what hinders is logged now and told to every caller, since a silent service helps nobody."""
        try:
            await self.executor.open()
        except SandboxError as error:
            self._remember(error)
            log.error("%s", error)

    async def close(self) -> None:
        """End everything that runs."""
        await self.executor.close()

    @contextmanager
    def admitted(self) -> Iterator[None]:
        """Room for one request; raises `Busy` when there is none."""
        if self._inside >= self._settings.max_requests:
            raise Busy("Too many requests")
        self._inside += 1
        try:
            yield
        finally:
            self._inside -= 1

    async def run(self, task: Task) -> Verdict:
        """Run `task` when a worker is free. Raises `SandboxError`."""
        if task.network and not self._settings.enable_network:
            raise Refused(
                "Network was asked for, but it is disabled: set ENABLE_NETWORK (SANDBOX_ENABLE_NETWORK in compose)."
            )
        if self._problem is not None and time.monotonic() < self._problem_until:
            raise self._problem
        started = time.monotonic()
        async with self._workers:
            self._running += 1
            try:
                outcome = await self.executor.run(task)
            except SandboxError as error:
                self._remember(error)
                raise
            finally:
                self._running -= 1
        settings = self._settings
        verdict = judge(outcome, seconds=settings.worker_timeout, most_output=settings.output, memory=settings.memory)
        self.counts.ran(task.language, verdict.reason, time.monotonic() - started)
        return verdict

    def status(self) -> dict[str, Any]:
        """What this machine allows and what goes on now."""
        ground = self.executor.ground
        reached = Level.NONE if ground is None else level(ground)
        return {
            "level": reached.name.lower(),
            "minimum_level": max(self._settings.minimum_level, Level.CONFINED).name.lower(),
            "runs_code": self.executor.ready,
            "problem": None if self._problem is None or self.executor.ready else str(self._problem),
            "python": "" if ground is None else ground.version,
            "nodejs": self._settings.find_node() is not None,
            "landlock": 0 if ground is None else ground.landlock,
            "namespaces": "" if ground is None else ground.namespaces,
            "own_user": ground is not None and ground.own_user,
            "missing": {} if ground is None else ground.missing,
            "network": self._settings.enable_network and self.executor.egress.configured,
            "running": self._running,
            "waiting": self._inside - self._running,
            "python_pool": self.executor.waiting(PYTHON),
            "node_pool": self.executor.waiting(NODE),
            "runs": self.counts.runs,
        }

    def metrics(self) -> str:
        """The counters, and gauges of this moment."""
        ground = self.executor.ground
        return self.counts.text(
            {
                "sandbox_running": ("Pieces of code that run now.", self._running),
                "sandbox_waiting": ("Requests that wait for a worker.", max(0, self._inside - self._running)),
                "sandbox_python_pool": ("Confined Python processes that wait for code.", self.executor.waiting(PYTHON)),
                "sandbox_node_pool": ("Started Node.js processes that wait for code.", self.executor.waiting(NODE)),
                "sandbox_users_free": ("Users that no run has taken.", self.executor.users_free),
                "sandbox_level": (
                    "0 none, 1 confined, 2 separated, 3 isolated.",
                    int(Level.NONE if ground is None else level(ground)),
                ),
            }
        )

    def _remember(self, error: SandboxError) -> None:
        if isinstance(error, TooWeak):
            self._problem, self._problem_until = error, time.monotonic() + _WEAK_SECONDS
