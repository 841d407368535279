"""Runs attempts to escape, as whoever starts it: a program of its own, for it has to run as other users.

`python sandbox_harness.py <folder of the package>`; reads one JSON object, writes one. Standard library only.
"""

from __future__ import annotations

import asyncio
import json
import os
import platform
import socket
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

SECRET = ("canary5f1c", "b7d09e")
WALL_SECONDS = 2
_AMPLE_SECONDS = 60
_AT_ONCE = 6
#: How many processes wait, confined already, when an attempt is made: none, or some.
WAYS = {"fresh": 0, "pooled": 2}
_PATIENCE = 5
_PRELUDE = """
import ctypes, os, socket, sys, time
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
CALLS = {calls!r}
def call(name, *arguments):
    padded = [*arguments, *[0] * (6 - len(arguments))]
    answer = libc.syscall(ctypes.c_long(CALLS[name]), *[ctypes.c_long(a) if isinstance(a, int) else a for a in padded])
    if answer < 0:
        raise OSError(ctypes.get_errno(), name)
    return answer
print("tried", flush=True)
try:
{body}
except (OSError, ValueError, MemoryError, RuntimeError) as error:
    print("refused:", type(error).__name__, error)
"""
_NODE_PRELUDE = "console.log('tried'); try {{ {body} }} catch (error) {{ console.log('refused:', String(error)) }}"


def main() -> None:
    """See the module."""
    sys.path.insert(0, sys.argv[1])
    plan = json.load(sys.stdin)
    if plan["bare"]:
        _refuse_namespaces()
    # A run with a view of its own sees nothing of /tmp, a test that takes the view away would.
    with tempfile.TemporaryDirectory(prefix="homeport-attempts-", dir="/var/tmp") as folder:
        Path(folder).chmod(0o755)
        print(json.dumps(asyncio.run(_run(plan, _Offers(Path(folder))))))


def _refuse_namespaces() -> None:
    """What the usual profile of a container engine does."""
    from homeport_sandbox.linux import process, seccomp

    process.give_up_new_privileges()
    seccomp.install(seccomp.pack(seccomp.refuse(["unshare", "setns", "mount", "pivot_root"])), os.getpid())


class _Offers:
    """What attempts are aimed at: sockets, files, a proxy that lets everything through."""

    def __init__(self, folder: Path) -> None:
        self.datagrams = 0
        self.folder = folder
        self._keep: list[socket.socket] = []
        self.public = folder / "public.txt"
        self.public.write_text("seen")
        (folder / "library").mkdir(mode=0o755)
        self.own = folder / "library" / "own.txt"
        self.own.write_text("seen")
        self.private = folder / "library" / "private.txt"
        self.private.write_text("seen")
        self.private.chmod(0o600)
        self.tcp = self._listen(socket.AF_INET, ("127.0.0.1", 0))
        try:
            self.tcp6 = self._listen(socket.AF_INET6, ("::1", 0))
        except OSError:
            self.tcp6 = 9
        self.unix = str(folder / "stream")
        self._listen(socket.AF_UNIX, self.unix)
        Path(self.unix).chmod(0o777)
        self.abstract = f"homeport-canary-{os.getpid()}"
        self._listen(socket.AF_UNIX, f"\0{self.abstract}")
        self.unix_datagram = str(folder / "datagram")
        self._keep.append(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        self._keep[-1].bind(self.unix_datagram)
        Path(self.unix_datagram).chmod(0o777)
        self.udp_socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp_socket.bind(("127.0.0.1", 0))
        self.udp_socket.setblocking(False)
        self.proxy = 0

    def _listen(self, family: int, address: Any) -> int:
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.bind(address)
        listener.listen(64)
        self._keep.append(listener)
        return int(listener.getsockname()[1]) if family != socket.AF_UNIX else 0

    async def open_proxy(self) -> asyncio.Server:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\nproxied")
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        self.proxy = server.sockets[0].getsockname()[1]
        return server

    def came(self) -> bool:
        """Whether a datagram has come since the last time."""
        try:
            return bool(self.udp_socket.recv(100))
        except BlockingIOError:
            return False

    def fill(self, code: str) -> str:
        marks = {
            "<SECRET1>": SECRET[0],
            "<SECRET2>": SECRET[1],
            "<SECRET>": "-".join(SECRET),
            "<SERVER>": str(os.getpid()),
            "<FILE>": str(self.public),
            "<OWN>": str(self.own),
            "<PRIVATE>": str(self.private),
            "<TCP>": str(self.tcp),
            "<TCP6>": str(self.tcp6),
            "<UDP>": str(self.udp_socket.getsockname()[1]),
            "<UNIX>": self.unix,
            "<UNIXD>": self.unix_datagram,
            "<ABSTRACT>": self.abstract,
            "<HOST>": platform.node(),
        }
        for mark, value in marks.items():
            code = code.replace(mark, value)
        return code


async def _run(plan: dict[str, Any], offers: _Offers) -> dict[str, Any]:
    from homeport_sandbox.execute import Executor
    from homeport_sandbox.levels import level
    from homeport_sandbox.settings import Settings

    proxy = await offers.open_proxy()
    settings = Settings(
        key="-".join(SECRET),
        python_path=sys.executable,
        worker_timeout=WALL_SECONDS,
        enable_network=True,
        http_proxy=f"http://127.0.0.1:{offers.proxy}",
        readable=(str(offers.folder / "library"),),
        output=1 << 20,
        node_pool=0,
        max_workers=_AT_ONCE,
    )
    told: dict[str, Any] = {"node": settings.find_node() is not None}
    for way, pool in WAYS.items():
        executor = Executor(replace(settings, python_pool=pool))
        users = executor.users_free
        await executor.open()
        assert executor.ground is not None
        told |= {"level": level(executor.ground).name.lower(), "own_user": executor.ground.own_user}
        attempts = [one for one in plan["attempts"] if pool == 0 or _may_wait(one)]
        came = await _try_all(executor, offers, attempts)
        await executor.close()
        results = {one["name"]: outcome for one, outcome in zip(attempts, came, strict=True)}
        switched = {}
        for switch in plan["switches"]:
            if pool == 0 or _may_wait(switch["attempt"]):
                name = f"{switch['layer']}: {switch['attempt']['name']}"
                switched[name] = await _try_without(switch["layer"], executor.settings, offers, switch["attempt"])
        told[way] = {"results": results, "switched": switched, "users_free": executor.users_free, "users": users}
    proxy.close()
    return told


def _may_wait(attempt: dict[str, Any]) -> bool:
    """Whether a process may have waited for it: with the network on, none does."""
    return attempt["language"] == "python3" and not attempt["network"]


async def _try_all(executor: Any, offers: _Offers, attempts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    turns = asyncio.Semaphore(_AT_ONCE)

    async def in_turn(attempt: dict[str, Any]) -> dict[str, Any]:
        async with turns:
            return await _try(executor, offers, attempt)

    return await asyncio.gather(*(in_turn(attempt) for attempt in attempts))


async def _try_without(layer: str, settings: Any, offers: _Offers, attempt: dict[str, Any]) -> dict[str, Any]:
    from homeport_sandbox.execute import Executor

    # Time is short for attempts that a limit of time holds; all others take what they need.
    seconds = WALL_SECONDS if layer == "wall limit" else _AMPLE_SECONDS
    weak = Executor(replace(settings, worker_timeout=seconds), switched_off=(layer,))
    try:
        return await _try(weak, offers, attempt)
    finally:
        await weak.close()


async def _try(executor: Any, offers: _Offers, attempt: dict[str, Any]) -> dict[str, Any]:
    from homeport_sandbox.errors import SandboxError
    from homeport_sandbox.execute import Task

    body = offers.fill(attempt["code"])
    if attempt["language"] == "python3":
        indented = "\n".join(f"    {line}" for line in body.splitlines())
        code = _PRELUDE.format(body=indented, calls=attempt["calls"])
    else:
        code = _NODE_PRELUDE.format(body=body)
    listens = "<UDP>" in attempt["code"]
    told: dict[str, Any] = {"tried": False}
    runs, most = 0, attempt["times"] + _PATIENCE
    # On a machine that does much else, the time limit may pass before the attempt begins: then it was none.
    while runs < attempt["times"] or (not told["tried"] and told.get("limit") == "timeout" and runs < most):
        runs += 1
        try:
            outcome = await executor.run(Task(attempt["language"], code.encode(), attempt["network"]))
        except SandboxError as error:
            return {"tried": False, "escaped": False, "status": None, "limit": "", "stderr": str(error), "stdout": ""}
        stdout = outcome.stdout.decode(errors="replace")
        told = {
            "tried": stdout.startswith("tried"),
            "escaped": "ESCAPED" in stdout or (listens and offers.came()),
            "status": outcome.status,
            "limit": outcome.limit,
            "stdout": stdout[-500:],
            "stderr": outcome.stderr.decode(errors="replace")[-2000:],
        }
    return told


if __name__ == "__main__":
    main()
