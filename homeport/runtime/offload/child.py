"""What runs inside the child process: take one request after another from a socket, work, answer.

Imports next to nothing itself: what a function needs comes with the function's module when its request is read.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import resource
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import Any, NamedTuple

from homeport.runtime.errors import HomeportError

#: Bytes of the length before each message, in both directions.
LENGTH = 8


class Request(NamedTuple):
    """One call; `cpu_seconds` is what it may use of a core."""

    function: Callable[..., Any]
    args: tuple[Any, ...]
    cpu_seconds: float


class Value(NamedTuple):
    """The function returned."""

    value: Any


class Raised(NamedTuple):
    """The function raised one of our own errors, sent as parts because constructors differ."""

    error: type[HomeportError]
    args: tuple[Any, ...]
    state: dict[str, Any]


class OutOfMemory(NamedTuple):
    """The function reached the memory ceiling."""


class Failed(NamedTuple):
    """The function raised what it does not promise."""

    kind: str
    message: str
    traceback: str


Answer = Value | Raised | OutOfMemory | Failed


def main(memory_limit: int) -> None:
    """Serve requests from standard input, a socket, until the parent closes it. `memory_limit` is in bytes."""
    connection = _take_connection()
    _limit(memory_limit)
    requests: SimpleQueue[bytes] = SimpleQueue()
    threading.Thread(target=_receive, args=(connection, requests), daemon=True).start()

    def report(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        text = "".join(traceback.format_exception(kind, error, trace, limit=-20))
        _send(connection, Failed(kind.__name__, str(error)[:500], text))

    # Whatever a function does not promise ends this process: its state is not to be trusted afterwards.
    sys.excepthook = report
    while True:
        answer = _answer(requests.get())
        _send(connection, answer)
        if isinstance(answer, OutOfMemory):
            return


def _answer(message: bytes) -> Answer:
    try:
        request: Request = pickle.loads(message)  # noqa: S301  (our own parent wrote it)
        _limit_cpu(request.cpu_seconds)
        return Value(request.function(*request.args))
    except HomeportError as error:
        return Raised(type(error), error.args, error.__dict__)
    except MemoryError:
        return OutOfMemory()


def _take_connection() -> socket.socket:
    """Move the socket off standard input, so that a library that reads or prints cannot disturb it."""
    connection = socket.socket(fileno=os.dup(0))
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return connection


def _limit(memory: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(5)
    # Linux counts what a process may write to as data; elsewhere the address space is the nearest there is.
    kind = resource.RLIMIT_DATA if sys.platform == "linux" else resource.RLIMIT_AS
    # The outer limit may be lower already, or the system (macOS) may know no such limit.
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(kind, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # When a container's memory ends nevertheless, this process is the one to go, not the server.
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


def _limit_cpu(seconds: float) -> None:
    """Stops even native code whose parent is no longer there to stop it."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    used = int(usage.ru_utime + usage.ru_stime)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (used + int(seconds) + 2, hard))


def _receive(connection: socket.socket, requests: SimpleQueue[bytes]) -> None:
    """Runs beside the work, so that the end of the parent is noticed in the middle of it."""
    while True:
        length = _read(connection, LENGTH)
        requests.put(_read(connection, int.from_bytes(length, "big")))


def _read(connection: socket.socket, size: int) -> bytes:
    found = bytearray(size)
    view = memoryview(found)
    while view:
        count = 0
        with contextlib.suppress(OSError):
            count = connection.recv_into(view)
        if count == 0:
            os._exit(0)  # the parent is gone; nobody wants the answer
        view = view[count:]
    return bytes(found)


def _send(connection: socket.socket, answer: Answer) -> None:
    message = pickle.dumps(answer, pickle.HIGHEST_PROTOCOL)
    try:
        connection.sendall(len(message).to_bytes(LENGTH, "big") + message)
    except OSError:
        os._exit(0)
