"""Watches one run: takes its output up to a limit, its progress, and ends it when its time is over."""

from __future__ import annotations

import array
import asyncio
import os
import socket
from dataclasses import dataclass

from homeport_sandbox.errors import NotStarted
from homeport_sandbox.launch import Started

_PIECE = 1 << 16
#: Seconds a process has to put its layers on, and to let go of its output once it has ended.
SET_UP_SECONDS = 20.0
_DRAIN_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended."""

    stdout: bytes
    stderr: bytes
    #: Exit status; negative is the signal that killed it.
    status: int
    #: Which of our limits ended it: `timeout`, `output`, or nothing.
    limit: str = ""


class Pipes:
    """Our ends and theirs of what a run writes, and of the socket on which it tells its progress."""

    def __init__(self) -> None:
        """Opens descriptors; `close` gives them all back."""
        self.stdout, self.their_stdout = os.pipe()
        self.stderr, self.their_stderr = os.pipe()
        self.progress, self.their_progress = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        for fd in (self.stdout, self.stderr):
            os.set_blocking(fd, False)
        self.progress.setblocking(False)

    def hand_over(self) -> None:
        """Close their ends, which the run has by now."""
        os.close(self.their_stdout)
        os.close(self.their_stderr)
        self.their_progress.close()
        self.their_stdout = self.their_stderr = -1

    def close(self) -> None:
        """Close whatever is open."""
        for fd in (self.stdout, self.stderr, self.their_stdout, self.their_stderr):
            if fd >= 0:
                os.close(fd)
        self.stdout = self.stderr = self.their_stdout = self.their_stderr = -1
        self.progress.close()
        self.their_progress.close()


class Watch:
    """Reads what a run writes from the moment it is made; use `confined`, `finish` and `close` in this order."""

    def __init__(self, pipes: Pipes, run: Started, most_output: int) -> None:
        """`most_output`: bytes of both streams together."""
        self._loop = asyncio.get_running_loop()
        self._pipes = pipes
        self._run = run
        self._most_output = most_output
        self._taken: dict[int, list[bytes]] = {pipes.stdout: [], pipes.stderr: []}
        self._open = set(self._taken)
        self._amount = 0
        self._limit = ""
        self._all_read: asyncio.Future[None] = self._loop.create_future()
        self._ready: asyncio.Future[None] = self._loop.create_future()
        #: Listeners in the run's own network, in the order of the ports.
        self.listeners: list[socket.socket] = []
        for fd in self._taken:
            self._loop.add_reader(fd, self._read, fd)
        self._loop.add_reader(pipes.progress, self._hear)

    async def confined(self) -> None:
        """Wait until all layers are on. Raises `NotStarted` with the layer that could not be put on."""
        try:
            async with asyncio.timeout(SET_UP_SECONDS):
                await self._ready
        except TimeoutError as error:
            raise NotStarted(f"A run was not confined after {SET_UP_SECONDS:g} seconds.") from error

    async def finish(self, seconds: float | None) -> Outcome:
        """Wait for the end; after `seconds`, bring it about."""
        timer = None if seconds is None else self._loop.call_later(seconds, self._end, "timeout")
        try:
            # Shielded: a caller that is cancelled has not ended the process, which `close` has to see.
            status = await asyncio.shield(self._run.ended)
        finally:
            if timer is not None:
                timer.cancel()
        try:
            async with asyncio.timeout(_DRAIN_SECONDS):
                await self._all_read
        except TimeoutError:
            pass  # somebody else holds the pipe; what was read so far is all there is
        pipes = self._pipes
        return Outcome(
            b"".join(self._taken[pipes.stdout]), b"".join(self._taken[pipes.stderr]), status, limit=self._limit
        )

    def close(self) -> None:
        """Stop watching, kill what still runs, give back every descriptor."""
        for fd in self._open:
            self._loop.remove_reader(fd)
        self._open.clear()
        self._loop.remove_reader(self._pipes.progress)
        if not self._run.ended.done():
            self._run.kill()
        for future in (self._all_read, self._ready):
            if future.done() and not future.cancelled():
                future.exception()  # seen, whether or not anybody waited
            future.cancel()
        for listener in self.listeners:
            listener.close()
        self._pipes.close()

    def _read(self, fd: int) -> None:
        try:
            piece = os.read(fd, _PIECE)
        except BlockingIOError:
            return
        except OSError:
            piece = b""
        if not piece:
            self._loop.remove_reader(fd)
            self._open.discard(fd)
            if not self._open and not self._all_read.done():
                self._all_read.set_result(None)
            return
        room = self._most_output - self._amount
        self._amount += len(piece)
        if room > 0:
            self._taken[fd].append(piece[:room])
        if self._amount > self._most_output:
            self._end("output")

    def _hear(self) -> None:
        try:
            message, ancillary, _, _ = self._pipes.progress.recvmsg(4096, 256)
        except BlockingIOError:
            return
        except OSError:
            message, ancillary = b"", []
        for _, _, data in ancillary:
            fds = array.array("i", data[: len(data) - len(data) % 4])
            self.listeners += [socket.socket(fileno=fd) for fd in fds]
        if message == b"listening":
            return
        self._loop.remove_reader(self._pipes.progress)
        if self._ready.done():
            return
        if message == b"confined":
            self._ready.set_result(None)
        else:
            said = message.decode(errors="replace") or "its process ended before all layers were on"
            self._ready.set_exception(NotStarted(f"Code could not be confined and was not run: {said}."))

    def _end(self, limit: str) -> None:
        if not self._limit and not self._run.ended.done():
            self._limit = limit
            self._run.kill()
