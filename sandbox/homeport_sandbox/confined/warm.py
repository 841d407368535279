"""The warm interpreter: started clean, it imports what code usually wants, and is forked for each run.

It holds no secret: no environment, no key, no configuration; code reaches the forked child over a descriptor it never
reads itself, once all layers are on. The server talks to it over one socket and learns of each run's process and exit
status.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import selectors
import signal
import socket
import sys
from types import FrameType
from typing import Any

from homeport_sandbox.confined import run_python
from homeport_sandbox.confined.descriptors import FIRST_FREE, PROGRESS, arrange, take_code
from homeport_sandbox.confined.layers import Layers, NotConfined, enter_world, filter_calls, lock
from homeport_sandbox.confined.look import find_ground, open_files, see
from homeport_sandbox.confined.orders import Order, Start, write
from homeport_sandbox.confined.run_node import become_node
from homeport_sandbox.linux import process

_LONGEST_MESSAGE = 1 << 17
_DESCRIPTORS = 4


def main(control: int, server: int) -> None:
    """Serve the socket `control` until its other end, the process `server`, is gone."""
    process.die_with(server)
    channel = socket.socket(fileno=control)
    process.adopt_orphans()
    start = Start(**json.loads(channel.recv(_LONGEST_MESSAGE)))
    sys.path += [folder for folder in start.packages if folder not in sys.path]
    _load(start.warm, start.lenders)
    ground = find_ground(start)
    see(start, ground)
    layers = Layers(start, ground, os.getpid())
    if layers.on("capabilities"):
        process.bound_capabilities()  # once for all forks
    open_files(layers)
    layers.filter(Order(number=0, language="python3", uid=None, cpu=0))
    gc.collect()
    gc.freeze()
    channel.send(write(ground))
    _Loop(channel, layers).serve()


class _Loop:
    def __init__(self, channel: socket.socket, layers: Layers) -> None:
        self._channel = channel
        self._layers = layers
        #: Run by process id.
        self._running: dict[int, int] = {}
        self._wakes, self._waker = socket.socketpair()
        for end in (self._wakes, self._waker):
            end.setblocking(False)

    def serve(self) -> None:
        signal.signal(signal.SIGCHLD, _noticed)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # meant for the server, which decides
        signal.set_wakeup_fd(self._waker.fileno(), warn_on_full_buffer=False)
        with selectors.DefaultSelector() as selector:
            selector.register(self._channel, selectors.EVENT_READ)
            selector.register(self._wakes, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select():
                    if key.fileobj is self._wakes:
                        self._reap()
                    elif not self._take():
                        self._end_all()
                        return

    def _take(self) -> bool:
        """Start the next run; False when the server is gone."""
        message, fds, _, _ = socket.recv_fds(self._channel, _LONGEST_MESSAGE, _DESCRIPTORS)
        if not message:
            return False
        order = Order(**json.loads(message))
        self._layers.filter(order)  # made here, it is there for every later fork
        try:
            pid = os.fork()
        except OSError as error:
            self._tell({"number": order.number, "failed": f"fork: {error}"})
        else:
            if pid == 0:
                _child(self._layers, order, fds)
            self._running[pid] = order.number
            self._introduce(order.number, pid)
        finally:
            for fd in fds:
                os.close(fd)
        return True

    def _introduce(self, number: int, pid: int) -> None:
        """Tell the server of the process, with a descriptor by which it may be killed whatever else happens."""
        handle = os.pidfd_open(pid)
        try:
            socket.send_fds(self._channel, [json.dumps({"number": number, "pid": pid}).encode()], [handle])
        finally:
            os.close(handle)

    def _reap(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while self._wakes.recv(4096):
                pass
        while True:
            try:
                ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                return
            if ended is None:
                return
            # Not waited for yet, so the number cannot be anybody else's: whatever else is in its session goes too.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(ended.si_pid, signal.SIGKILL)
            _, status = os.waitpid(ended.si_pid, 0)
            number = self._running.pop(ended.si_pid, None)
            if number is not None:
                self._tell({"number": number, "status": os.waitstatus_to_exitcode(status)})

    def _end_all(self) -> None:
        for pid in self._running:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)

    def _tell(self, message: dict[str, Any]) -> None:
        self._channel.send(json.dumps(message).encode())


def _child(layers: Layers, order: Order, fds: list[int]) -> None:
    """What happens in the fork. Never returns: it ends, or becomes another program."""
    status = 1
    progress = socket.socket(fileno=fds[3])
    try:
        os.setsid()
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        enter_world(layers, order, progress)
        arrange(*fds)
        if order.language == "nodejs":
            become_node(layers, order)
        status = _run_python(layers, order)
    except NotConfined as error:
        with contextlib.suppress(OSError):
            progress.send(f"not confined: {error}".encode())
    finally:
        os._exit(status)


def _run_python(layers: Layers, order: Order) -> int:
    program = layers.filter(order)
    run_python.prepare_interpreter(order.environment)
    lock(layers, order, keep=FIRST_FREE)
    run_python.prepare_streams()
    filter_calls(layers, program)
    os.write(PROGRESS, b"confined")
    os.close(PROGRESS)
    try:
        source = take_code(layers.start.longest_code)
    except ValueError as error:
        os.write(2, f"{error}\n".encode())
        return 1
    return run_python.run(source)


def _load(names: list[str], lenders: list[str]) -> None:
    """Before the view is narrowed to what code may read: some modules lie outside of it."""
    own = list(sys.path)
    sys.path += lenders
    for name in names:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    sys.path[:] = own


def _noticed(number: int, frame: FrameType | None) -> None:
    """A handler must exist for the signal to wake the loop."""
