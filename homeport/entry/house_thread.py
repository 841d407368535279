"""The house of a worker process: open on an event loop in a thread of its own, beside the broker's threads."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

import structlog

from homeport.entry.memory_ceiling import grown_above, room_below
from homeport.entry.settings import Settings
from homeport.entry.watch_port import watch_port
from homeport.entry.wiring import House, jobs_running, open_house

log = structlog.get_logger(__name__)

#: What a worker must be able to grow by, above what it needs when it is empty.
_GROWTH_MB = 32


class Leaving:
    """Tells this process and all that were forked from it to stop: a pipe that becomes readable, and stays so."""

    def __init__(self) -> None:
        """Made before the fork."""
        self._readable, self._writable = os.pipe()
        #: Whether somebody has asked this process to stop.
        self.asked = False

    def announce(self) -> None:
        """Somebody asks this process to stop. May be called in a signal handler."""
        self.asked = True
        self.tell()

    def tell(self) -> None:
        """Let all know that it is time to leave, whatever the reason."""
        os.write(self._writable, b"!")

    async def announced(self) -> None:
        """Wait for it."""
        loop = asyncio.get_running_loop()
        seen = asyncio.Event()
        loop.add_reader(self._readable, seen.set)
        try:
            await seen.wait()
        finally:
            loop.remove_reader(self._readable)


class HouseThread:
    """Opens the house, runs jobs for other threads, hands back what runs when it is time to leave, and closes."""

    def __init__(self, settings: Settings, data_dir: Path, leaving: Leaving, full: Callable[[], None] | None) -> None:
        """Starts nothing: after a fork, a thread would be left behind.

        `full` is called, in this thread, when the process has grown above HOMEPORT_WORKER_MEMORY_MB; None: nobody
        looks.
        """
        self._settings = settings
        self._data_dir = data_dir
        self._leaving = leaving
        self._on_full = full
        #: Whether it has grown above the ceiling, and leaves for that.
        self.full = False
        self._opened: Future[tuple[House, asyncio.AbstractEventLoop]] = Future()
        self._closing = asyncio.Event()
        self._running: set[asyncio.Task[bool]] = set()
        self._undone: set[Callable[[BaseException | None], None]] = set()
        self._thread = threading.Thread(target=self._main, name="house", daemon=True)
        #: What ended the loop before it was closed.
        self.fault: BaseException | None = None

    def open(self) -> None:
        """Open the house; raises what hinders it."""
        self._thread.start()
        self._opened.result()

    def run(self, job_id: str, queue: str | None) -> bool:
        """Run the next job of the queue and wait for its end; False when there was none to be had."""
        house, loop = self._opened.result()
        return asyncio.run_coroutine_threadsafe(house.runner.run(job_id, queue), loop).result()

    def begin(self, job_id: str, queue: str | None, done: Callable[[BaseException | None], None]) -> None:
        """Run the next job of the queue without waiting for it.

        `done` is called once, in the thread of the house when that lives, with what hindered the job from being taken.
        """
        house, loop = self._opened.result()
        self._undone.add(done)

        def ended(task: asyncio.Task[bool]) -> None:
            self._running.discard(task)
            self._finish(done, None if task.cancelled() else task.exception())

        def start() -> None:
            task = loop.create_task(house.runner.run(job_id, queue))
            self._running.add(task)
            task.add_done_callback(ended)

        try:
            loop.call_soon_threadsafe(start)
        except RuntimeError as error:  # the loop has ended
            self._finish(done, error)

    def _finish(self, done: Callable[[BaseException | None], None], fault: BaseException | None) -> None:
        if done in self._undone:
            self._undone.discard(done)
            done(fault)

    def close(self) -> None:
        """Hand back what still runs and close the house."""
        _, loop = self._opened.result()
        if self._thread.is_alive():
            loop.call_soon_threadsafe(self._closing.set)
            self._thread.join()

    def _main(self) -> None:
        with asyncio.Runner() as runner:
            self.fault = runner.run(self._guarded())
        for done in tuple(self._undone):  # of those that were announced while the loop ended
            self._finish(done, self.fault)
        if self.fault is None:
            return
        if not self._opened.done():
            self._opened.set_exception(self.fault)
            return
        log.critical("the worker's event loop has ended", exc_info=self.fault)
        os.kill(os.getpid(), signal.SIGTERM)

    async def _guarded(self) -> BaseException | None:
        [fault] = await asyncio.gather(self._live(), return_exceptions=True)
        return fault

    async def _live(self) -> None:
        async with (
            open_house(self._settings, self._data_dir) as house,
            jobs_running(house, worker=True),
            watch_port(self._settings, house.checks, house.figures),
        ):
            self._opened.set_result((house, asyncio.get_running_loop()))
            async with asyncio.TaskGroup() as group:
                watches = [group.create_task(self._leave(house)), group.create_task(self._leave_when_full(house))]
                await self._closing.wait()
                for watch in watches:
                    watch.cancel()

    async def _leave_when_full(self, house: House) -> None:
        ceiling = self._settings.celery.homeport_worker_memory_mb
        if self._on_full is None or ceiling is None or not room_below(ceiling, _GROWTH_MB):
            return
        megabytes = await grown_above(ceiling)
        seconds = self._settings.deployment.homeport_stop_seconds
        log.warning(
            "this worker has grown above HOMEPORT_WORKER_MEMORY_MB and starts anew; no more jobs are taken",
            megabytes=megabytes,
            ceiling=ceiling,
            seconds_for_running_jobs=seconds,
        )
        self.full = True
        self._on_full()
        await house.runner.close(seconds, reason="worker full")

    async def _leave(self, house: House) -> None:
        await self._leaving.announced()
        seconds = self._settings.deployment.homeport_stop_seconds
        log.info("leaving: no more jobs are taken", seconds_for_running_jobs=seconds)
        await house.runner.close(seconds)  # what is left then is handed back


class Tenant:
    """The house of whichever process asks: each process opens its own, once, after it was forked."""

    def __init__(self, settings: Settings, data_dir: Path, full: Callable[[], None] | None = None) -> None:
        """Opens nothing yet. `full`: as `HouseThread` has it."""
        self._settings = settings
        self._data_dir = data_dir
        self._on_full = full
        self._owner: int | None = None
        self._thread: HouseThread | None = None
        self._lock = threading.Lock()
        self.leaving = Leaving()

    def house(self) -> HouseThread:
        """This process' house, opened when it is not; raises what hinders that."""
        with self._lock:
            if self._thread is None or self._owner != os.getpid():
                thread = HouseThread(self._settings, self._data_dir, self.leaving, self._on_full)
                thread.open()
                self._thread, self._owner = thread, os.getpid()
            return self._thread

    @property
    def full(self) -> bool:
        """Whether this process has grown above its ceiling and is to start anew."""
        return self._thread is not None and self._owner == os.getpid() and self._thread.full

    def move_out(self) -> BaseException | None:
        """Close this process' house, if it has one; answer what had ended it before, if anything had."""
        with self._lock:
            if self._thread is None or self._owner != os.getpid():
                return None
            self._thread.close()
            return self._thread.fault
