"""Node.js takes tens of milliseconds to start: some confined ones are kept waiting, each for one piece of code."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from homeport_sandbox.errors import SandboxError
from homeport_sandbox.launch import Started
from homeport_sandbox.watch import Watch

#: Seconds after which a pool nobody has used is let go: each waiting process takes 30 to 40 MB.
IDLE_SECONDS = 300.0


class Waiting:
    """A confined Node.js that reads code from a pipe, and runs it once the pipe is closed."""

    def __init__(self, run: Started, watch: Watch, pipe: int, order: AbstractAsyncContextManager[Any]) -> None:
        """`pipe`: our end, closed here; `order`: left when the process is gone."""
        self._run = run
        self.watch = watch
        self._pipe = pipe
        self._order = order

    @property
    def alive(self) -> bool:
        """Whether it still waits."""
        return not self._run.ended.done()

    async def feed(self, code: bytes) -> None:
        """Write all of `code` and close the pipe; a process that went away shows in its outcome."""
        loop = asyncio.get_running_loop()
        view = memoryview(code)
        try:
            while view and self.alive:
                try:
                    view = view[os.write(self._pipe, view) :]
                except BlockingIOError:
                    writable: asyncio.Future[None] = loop.create_future()
                    loop.add_writer(self._pipe, _settle, writable)
                    try:
                        both: list[asyncio.Future[Any]] = [writable, self._run.ended]
                        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
                    finally:
                        loop.remove_writer(self._pipe)
        except BrokenPipeError:
            pass
        finally:
            self._close_pipe()

    async def close(self) -> None:
        """End it, and give back all it has when it is gone."""
        self._close_pipe()
        self.watch.close()
        with contextlib.suppress(SandboxError):
            await asyncio.shield(self._run.ended)
        await self._order.__aexit__(None, None, None)

    def _close_pipe(self) -> None:
        if self._pipe >= 0:
            os.close(self._pipe)
            self._pipe = -1


class NodePool:
    """Keeps `size` processes waiting from the first use on, until nobody has used them for a while."""

    def __init__(self, size: int, start: Callable[[], Awaitable[Waiting]]) -> None:
        """`start`: makes one."""
        self._size = size
        self._start = start
        self._waiting: list[Waiting] = []
        self._tasks: set[asyncio.Task[Any]] = set()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiting)

    async def take(self) -> Waiting:
        """One that waits, or a new one; replacements are started meanwhile."""
        found = None
        while self._waiting and found is None:
            first = self._waiting.pop(0)
            if first.alive:
                found = first
            else:
                self._do(first.close())
        try:
            return found or await self._start()
        finally:
            self._refill()
            self._put_off_rest()

    def close(self) -> None:
        """End those that wait; the next use starts new ones."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        waiting, self._waiting = self._waiting, []
        for one in waiting:
            self._do(one.close())

    async def settle(self) -> None:
        """Wait until everything begun here is done."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _refill(self) -> None:
        missing = self._size - len(self._waiting) - sum(task.get_name() == "refill" for task in self._tasks)
        for _ in range(missing):
            self._do(self._add(), name="refill")

    async def _add(self) -> None:
        # What hinders a start is told to whoever asks for a run.
        with contextlib.suppress(SandboxError):
            self._waiting.append(await self._start())

    def _put_off_rest(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(IDLE_SECONDS, self.close)

    def _do(self, work: Any, name: str | None = None) -> None:
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
