"""Starts a warm interpreter and talks with it: one message per run, answers by run number."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import os
import signal
import socket
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from homeport_sandbox.confined.orders import Ground, Order, Start, write
from homeport_sandbox.errors import NotStarted

_SOURCE = str(Path(__file__).parents[1])
# The folder of this package is on the path for as long as it takes to import it: code must not find it there.
_PROGRAM = (
    "import sys; sys.path.insert(0, {source!r}); from homeport_sandbox.confined.warm import main;"
    " sys.path.remove({source!r}); main({control}, {server})"
)
_START_SECONDS = 30.0
_LONGEST_MESSAGE = 1 << 16


@dataclass(eq=False, slots=True)
class Started:
    """One run, as the warm interpreter tells of it."""

    number: int
    ended: asyncio.Future[int]
    #: The descriptor by which the process is killed; None before it is known.
    handle: int | None = None
    pid: int | None = None
    doomed: bool = False

    def kill(self) -> None:
        """End it now, or as soon as it is known."""
        self.doomed = True
        if self.handle is not None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self.handle, signal.SIGKILL)

    def forget(self) -> None:
        """Give back the descriptor; the process has ended, its number may be another's soon."""
        if self.handle is not None:
            os.close(self.handle)
            self.handle = None


@dataclass(eq=False, slots=True)
class Warm:
    """A started interpreter."""

    process: subprocess.Popen[bytes]
    channel: socket.socket
    ground: Ground
    started_at: float
    #: How many pieces of code it was forked for.
    runs: int = 0
    alive: bool = True
    running: dict[int, Started] = field(default_factory=dict)

    def start(self, order: Order, descriptors: list[int]) -> Started:
        """Fork it for `order`; `descriptors` may be closed afterwards. Raises `NotStarted`."""
        loop = asyncio.get_running_loop()
        run = Started(order.number, loop.create_future())
        try:
            socket.send_fds(self.channel, [write(order)], descriptors)
        except OSError as error:
            raise NotStarted(f"The interpreter for untrusted code does not answer: {error}.") from error
        self.running[order.number] = run
        return run

    def listen(self) -> None:
        """Take its messages from now on."""
        asyncio.get_running_loop().add_reader(self.channel, self._hear)

    def close(self) -> None:
        """End it and all it runs."""
        if self.channel.fileno() >= 0:
            asyncio.get_running_loop().remove_reader(self.channel)
            self.channel.close()
        self._lose()
        self.process.kill()
        self.process.wait()

    def _hear(self) -> None:
        while True:
            try:
                message, fds, _, _ = socket.recv_fds(self.channel, _LONGEST_MESSAGE, 1)
            except BlockingIOError:
                return
            except OSError:
                message, fds = b"", []
            if not message:
                asyncio.get_running_loop().remove_reader(self.channel)
                self._lose()
                return
            self._take(json.loads(message), fds)

    def _take(self, told: dict[str, Any], fds: list[int]) -> None:
        run = self.running.get(told["number"])
        if run is None:
            for fd in fds:
                os.close(fd)
        elif "pid" in told:
            run.pid, run.handle = told["pid"], fds[0]
            if run.doomed:
                run.kill()
        else:
            del self.running[run.number]
            run.forget()
            if run.ended.done():
                return
            if "status" in told:
                run.ended.set_result(told["status"])
            else:
                run.ended.set_exception(NotStarted(f"No process could be made for the code: {told['failed']}."))

    def _lose(self) -> None:
        self.alive = False
        for run in list(self.running.values()):
            run.kill()
            run.forget()
            if not run.ended.done():
                run.ended.set_exception(NotStarted("The interpreter for untrusted code ended while code was running."))
        self.running.clear()


async def launch(python: str, start: Start, *, with_packages: bool) -> Warm:
    """Start `python` clean: no environment, no descriptor, nothing of ours. Raises `NotStarted`.

    `with_packages`: whether code may import what is installed beside that interpreter.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    said = os.memfd_create("said")
    program = _PROGRAM.format(source=_SOURCE, control=theirs.fileno(), server=os.getpid())
    options = ["-I", "-B", *([] if with_packages else ["-S"])]
    try:
        process = subprocess.Popen(  # noqa: ASYNC220, S603  returns at once; an operator has named it
            [python, *options, "-c", program],
            env={},
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
            pass_fds=[theirs.fileno()],
            start_new_session=True,
        )
    except OSError as error:
        ours.close()
        os.close(said)
        raise NotStarted(f"The interpreter {python} could not be started: {error}.") from error
    finally:
        theirs.close()
    ours.setblocking(False)
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(_START_SECONDS):
            await loop.sock_sendall(ours, write(start))
            answer = await loop.sock_recv(ours, _LONGEST_MESSAGE)
    except (OSError, TimeoutError):
        answer = b""
    except BaseException:  # cancelled: whoever wanted it has gone
        _end(process, ours)
        os.close(said)
        raise
    if not answer:
        _end(process, ours)
        words = os.pread(said, 4096, max(0, os.fstat(said).st_size - 4096)).decode(errors="replace").strip()
        os.close(said)
        last = words.splitlines()[-1] if words else f"exit status {process.returncode}"
        raise NotStarted(f"The interpreter {python} did not become ready: {last}.")
    os.close(said)
    warm = Warm(process, ours, _ground(answer), loop.time())
    warm.listen()
    return warm


def _end(process: subprocess.Popen[bytes], channel: socket.socket) -> None:
    process.kill()
    process.wait()
    channel.close()


def _ground(answer: bytes) -> Ground:
    told = json.loads(answer)
    return Ground(**{one.name: told[one.name] for one in dataclasses.fields(Ground)})
