"""One child process as its parent sees it."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys

from homeport.runtime.offload.child import LENGTH

_START = (
    "import ast, sys; sys.path[:] = ast.literal_eval(sys.argv[1]); "
    "from homeport.runtime.offload.child import main; main(int(sys.argv[2]))"
)
# The child works on files nobody trusts: it gets no passwords from the environment.
_INHERITED = ("PATH", "HOME", "TMPDIR", "TZ", "LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


class ChildDied(Exception):
    """The process ended without an answer; `returncode` as in `subprocess`."""

    def __init__(self, returncode: int) -> None:
        self.returncode = returncode
        super().__init__(f"child process ended with {returncode}")


class ChildProcess:
    """A started child. Used by one call at a time, on the loop that started it."""

    def __init__(
        self, process: subprocess.Popen[bytes], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._process = process
        self._reader = reader
        self._writer = writer
        #: Calls answered so far.
        self.calls = 0

    @classmethod
    async def start(cls, memory_limit: int) -> ChildProcess:
        """A new child that may use `memory_limit` bytes. Takes some 30 ms, none of them on the loop."""
        ours, theirs = socket.socketpair()
        spawning = asyncio.ensure_future(asyncio.to_thread(_spawn, theirs, memory_limit))
        try:
            process = await asyncio.shield(spawning)
        except asyncio.CancelledError:
            spawning.add_done_callback(_abandon)
            ours.close()
            raise
        except OSError:
            ours.close()
            raise
        try:
            reader, writer = await asyncio.open_unix_connection(sock=ours)
        except BaseException:
            ours.close()
            process.kill()
            process.wait()
            raise
        return cls(process, reader, writer)

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    async def ask(self, message: bytes) -> bytes:
        """Send one request, wait for its answer. Raises `ChildDied` when there will be none."""
        try:
            self._writer.write(len(message).to_bytes(LENGTH, "big"))
            self._writer.write(message)
            await self._writer.drain()
            length = await self._reader.readexactly(LENGTH)
            answer = await self._reader.readexactly(int.from_bytes(length, "big"))
        except (asyncio.IncompleteReadError, ConnectionError):
            raise ChildDied(await asyncio.to_thread(self._process.wait)) from None
        self.calls += 1
        return answer

    def kill(self) -> None:
        """End it at once; a running `ask` then raises `ChildDied`."""
        self._process.kill()

    async def end(self) -> None:
        """Kill it and wait until nothing of it is left."""
        self._process.kill()
        self._writer.transport.abort()
        await asyncio.shield(asyncio.to_thread(self._process.wait))


def _spawn(theirs: socket.socket, memory_limit: int) -> subprocess.Popen[bytes]:
    environment = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    command = [sys.executable, "-X", "faulthandler", "-W", "ignore", "-c", _START, repr(sys.path), str(memory_limit)]
    with theirs:
        # A group of its own: Ctrl-C in the terminal is the parent's affair.
        return subprocess.Popen(command, stdin=theirs.fileno(), env=environment, process_group=0)  # noqa: S603


def _abandon(spawning: asyncio.Future[subprocess.Popen[bytes]]) -> None:
    """The caller left while the child was being started."""
    if spawning.cancelled() or spawning.exception() is not None:
        return
    process = spawning.result()
    process.kill()
    process.wait()
