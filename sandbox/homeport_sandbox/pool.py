"""Confining a process takes milliseconds, starting Node.js tens of them: some are kept ready, each for one run."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from typing import Any

from homeport_sandbox.errors import SandboxError
from homeport_sandbox.launch import Started
from homeport_sandbox.watch import Watch


class Waiting:
    """A confined process that reads code from a pipe, and runs it once the pipe is closed."""

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


class Pool:
    """Keeps processes of one interpreter waiting. For each that is taken one is begun, so nobody waits in vain."""

    def __init__(
        self, size: int, start: Callable[[], Awaitable[Waiting]], *, idle_seconds: float | None = None
    ) -> None:
        """`start`: makes one. `idle_seconds`: when nobody has used them for so long, they are let go."""
        self._size = size
        self._start = start
        self._idle_seconds = idle_seconds
        self._waiting: deque[Waiting] = deque()
        self._takers: deque[asyncio.Future[Waiting]] = deque()
        #: How many are to wait now, and how many are being made.
        self._wanted = 0
        self._coming = 0
        self._closed = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def fill(self) -> None:
        """Make as many as are to wait, in the background."""
        if not self._closed:
            self._wanted = self._size
        missing = self._wanted + len(self._takers) - len(self._waiting) - self._coming
        for _ in range(missing):
            self._coming += 1
            self._do(self._add())

    async def take(self) -> Waiting:
        """One that waits, or the first that gets ready; another is begun meanwhile. Raises `SandboxError`."""
        found = self._first_alive()
        self._put_off_rest()
        if found is not None:
            self.fill()
            return found
        taker: asyncio.Future[Waiting] = asyncio.get_running_loop().create_future()
        self._takers.append(taker)
        self.fill()
        try:
            return await taker
        except asyncio.CancelledError:
            if taker in self._takers:
                self._takers.remove(taker)
            elif not taker.cancelled() and taker.exception() is None:
                self._do(taker.result().close())  # it came at the same moment
            raise

    def close(self) -> None:
        """End those that wait; from now on one is made for whoever still asks, and none in advance."""
        self._closed = True
        self._rest()

    async def settle(self) -> None:
        """Wait until everything begun here is done."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _first_alive(self) -> Waiting | None:
        while self._waiting:
            first = self._waiting.popleft()
            if first.alive:
                return first
            self._do(first.close())
        return None

    async def _add(self) -> None:
        try:
            one = await self._start()
        except (SandboxError, OSError) as error:
            # What hinders a start is told to whoever asks for a run; the next who asks is the next attempt.
            if taker := self._next_taker():
                taker.set_exception(error)
            return
        finally:
            self._coming -= 1
        if taker := self._next_taker():
            taker.set_result(one)
        elif len(self._waiting) < self._wanted:
            self._waiting.append(one)
        else:
            await one.close()

    def _next_taker(self) -> asyncio.Future[Waiting] | None:
        while self._takers:
            taker = self._takers.popleft()
            if not taker.done():
                return taker
        return None

    def _put_off_rest(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._idle_seconds is not None:
            self._timer = asyncio.get_running_loop().call_later(self._idle_seconds, self._rest)

    def _rest(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._wanted = 0
        while self._waiting:
            self._do(self._waiting.popleft().close())

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
