"""Runs functions in a few child processes, so that neither their CPU time nor their crashes are ours."""

from __future__ import annotations

import asyncio
import os
import pickle
import signal
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar, TypeVarTuple

from homeport.runtime.errors import HomeportError
from homeport.runtime.offload.child import Answer, Failed, OutOfMemory, Raised, Request, Value
from homeport.runtime.offload.errors import OffloadClosed, WorkCrashed, WorkFailed, WorkOutOfMemory, WorkTimedOut
from homeport.runtime.offload.process import ChildDied, ChildProcess
from homeport.runtime.offload.settings import OffloadSettings

Result = TypeVar("Result")
Args = TypeVarTuple("Args")


class Offload:
    """A pool of child processes: started on demand, limited in memory and time, ended when idle.

    Belongs to one event loop. Holds no process, thread or descriptor until the first call.
    """

    def __init__(self, settings: OffloadSettings) -> None:
        self._settings = settings
        self._size = settings.offload_max_processes or cores()
        self._slots = asyncio.Semaphore(self._size)
        self._idle: list[ChildProcess] = []
        self._timers: dict[ChildProcess, asyncio.TimerHandle] = {}
        self._busy: set[ChildProcess] = set()
        self._ending: set[asyncio.Task[None]] = set()
        self._closed = False

    async def call(
        self,
        function: Callable[[*Args], Result],
        *args: *Args,
        timeout: float | None = None,  # noqa: ASYNC109  (the child has to be stopped, and the sentence says why)
        what: str = "The work",
    ) -> Result:
        """What `function(*args)` returns, computed in a child process.

        `function` is found by its import path; its module should import only what it needs. `timeout`: seconds,
        `OFFLOAD_TIMEOUT_SECONDS` when None; waiting for a free process does not count. `what` begins the sentence
        of an error ("Reading report.pdf"). Raises the `HomeportError` that `function` raised, `WorkTimedOut`,
        `WorkOutOfMemory`, `WorkCrashed` or `WorkFailed`; `OffloadClosed` after `close`. A cancelled call stops
        its child.
        """
        seconds = self._settings.offload_timeout_seconds if timeout is None else timeout
        message = pickle.dumps(Request(function, args, seconds), pickle.HIGHEST_PROTOCOL)
        async with self._slots:
            if self._closed:
                raise OffloadClosed
            try:
                async with asyncio.timeout(seconds):
                    answer = await self._ask(message)
            except TimeoutError:
                raise self._timed_out(what, seconds) from None
            except ChildDied as death:
                raise self._explain(death, what, seconds) from None
        match answer:
            case Value(value):
                return value  # type: ignore[no-any-return]
            case Raised(error, error_args, state):
                raise _rebuild(error, error_args, state)
            case OutOfMemory():
                raise self._out_of_memory(what)
            case Failed(kind, text, traceback):
                raise WorkFailed(f"{what} failed: {kind}: {text}", traceback=traceback)

    async def close(self) -> None:
        """End every child and wait until it is gone. Calls still running raise `OffloadClosed`."""
        self._closed = True
        for child in self._busy:
            child.kill()
        while self._idle:
            self._retire(self._take_idle(self._idle[-1]))
        # Every slot is free again when the last call has left.
        for _ in range(self._size):
            await self._slots.acquire()
        for _ in range(self._size):
            self._slots.release()
        await asyncio.gather(*self._ending)

    async def _ask(self, message: bytes) -> Answer:
        child = await self._take()
        self._busy.add(child)
        reusable = False
        try:
            if self._closed:
                raise OffloadClosed
            answer: Answer = pickle.loads(await child.ask(message))  # noqa: S301  (our own child wrote it)
            reusable = isinstance(answer, Value | Raised)
        finally:
            self._busy.discard(child)
            if reusable and not self._closed and child.calls < self._settings.offload_calls_per_process:
                self._put_back(child)
            else:
                self._retire(child)
        return answer

    async def _take(self) -> ChildProcess:
        while self._idle:
            child = self._take_idle(self._idle[-1])
            if child.alive:
                return child
            self._retire(child)
        return await ChildProcess.start(self._settings.offload_memory_limit_mb * 1024 * 1024)

    def _take_idle(self, child: ChildProcess) -> ChildProcess:
        self._idle.remove(child)
        self._timers.pop(child).cancel()
        return child

    def _put_back(self, child: ChildProcess) -> None:
        loop = asyncio.get_running_loop()
        self._idle.append(child)
        self._timers[child] = loop.call_later(
            self._settings.offload_idle_seconds, lambda: self._retire(self._take_idle(child))
        )

    def _retire(self, child: ChildProcess) -> None:
        self._behind(child.end())

    def _behind(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    def _timed_out(self, what: str, seconds: float) -> WorkTimedOut:
        return WorkTimedOut(
            f"{what} took longer than {seconds:g} s and was stopped.",
            hint="OFFLOAD_TIMEOUT_SECONDS sets how long it may take.",
        )

    def _out_of_memory(self, what: str) -> WorkOutOfMemory:
        return WorkOutOfMemory(
            f"{what} needed more than {self._settings.offload_memory_limit_mb} MB of memory and was stopped.",
            hint="OFFLOAD_MEMORY_LIMIT_MB sets how much it may use.",
        )

    def _explain(self, death: ChildDied, what: str, seconds: float) -> HomeportError:
        if self._closed:
            return OffloadClosed()
        if death.returncode == -signal.SIGXCPU:
            return self._timed_out(what, seconds)
        if death.returncode == -signal.SIGKILL:
            return WorkOutOfMemory(
                f"{what} was ended by the system, most likely because memory ran out.",
                hint="Give this machine or container more memory, or lower OFFLOAD_MAX_PROCESSES.",
            )
        name = signal.Signals(-death.returncode).name if death.returncode < 0 else f"exit code {death.returncode}"
        return WorkCrashed(
            f"{what} crashed ({name}), perhaps because it needed more than"
            f" {self._settings.offload_memory_limit_mb} MB of memory.",
            hint="OFFLOAD_MEMORY_LIMIT_MB sets how much it may use.",
        )


def cores() -> int:
    """Cores this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def _rebuild(error: type[HomeportError], args: tuple[Any, ...], state: dict[str, Any]) -> HomeportError:
    rebuilt = error.__new__(error, *args)
    rebuilt.__dict__.update(state)
    return rebuilt
