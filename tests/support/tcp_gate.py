"""A gate before a server: what goes through it can be cut off, as a network or a server that restarts does."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_PIECE = 65536


class TcpGate:
    """Listens on a port of its own and hands on what it gets to another of this machine."""

    def __init__(self, target: int) -> None:
        """`target`: the port of the server."""
        self._target = target
        self._lock = threading.Lock()
        self._listener: socket.socket | None = None
        self._open: set[socket.socket] = set()
        self._silent: set[socket.socket] = set()
        self.port = 0

    def open(self) -> None:
        """Let connections through, on the port it always had."""
        listener = socket.create_server(("127.0.0.1", self.port))
        self.port = listener.getsockname()[1]
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def shut(self) -> None:
        """Cut every connection and refuse new ones."""
        if self._listener is not None:
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)  # wakes whoever waits in accept
            self._listener.close()
        with self._lock:
            for one in self._open:
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)

    def silence(self) -> None:
        """Let nothing through on the connections there are, and do not end them; new ones work."""
        with self._lock:
            self._silent |= self._open

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                here, _ = listener.accept()
            except OSError:
                return
            try:
                there = socket.create_connection(("127.0.0.1", self._target), timeout=10)
            except OSError:
                here.close()
                continue
            there.settimeout(None)
            for source, sink in ((here, there), (there, here)):
                threading.Thread(target=self._carry, args=(source, sink), daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        with self._lock:
            self._open.add(source)
        with contextlib.suppress(OSError):
            while piece := source.recv(_PIECE):
                if source not in self._silent:
                    sink.sendall(piece)
        for one in (source, sink):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        with self._lock:
            self._open.discard(source)
            self._silent.discard(source)
        source.close()


@contextmanager
def gate_before(port: int) -> Iterator[TcpGate]:
    """An open gate before the server on `port`."""
    gate = TcpGate(port)
    gate.open()
    try:
        yield gate
    finally:
        gate.shut()
