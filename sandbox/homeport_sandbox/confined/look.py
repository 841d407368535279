"""Finds out by trying what this machine allows, and prepares what the warm interpreter sees."""

from __future__ import annotations

import os
import platform
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from homeport_sandbox.confined.layers import Layers, count_threads
from homeport_sandbox.confined.orders import Ground, Start
from homeport_sandbox.linux import landlock, namespaces, process

#: Where shared libraries and what they look up lie.
_LIBRARIES = (
    *("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache", "/etc/localtime"),
    *("/etc/timezone", "/usr/share/zoneinfo", "/etc/ssl/certs", "/etc/ssl/openssl.cnf", "/usr/share/ca-certificates"),
    *("/etc/pki/tls", "/etc/mime.types", "/usr/share/locale", "/etc/alpine-release"),
)
_DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")
_ANY_USER = 62000


def find_ground(start: Start) -> Ground:
    """Try namespaces and users in children of ours; nothing of this process changes."""
    missing: dict[str, str] = {}
    abi = landlock.version()
    if abi < 1:
        missing["landlock"] = "the kernel does not offer Landlock (5.13 and newer do, unless it is left out of `lsm=`)"
    elif not landlock.limits_ports(abi):
        missing["landlock ports"] = f"Landlock version {abi} does not limit ports (kernel 6.7 and newer do)"
    root = os.getuid() == 0
    kind = "own" if root else "user"
    reason = _attempt(lambda: _try_namespaces(start, as_user=not root))
    if reason:
        missing["namespaces"] = f"the kernel or the container engine refuses them ({reason})"
        kind = ""
    reason = _attempt(_try_user) if root else "the server does not run as root"
    if reason and kind != "user":
        missing["own user"] = f"the server cannot become another user ({reason})"
    return Ground(
        landlock=abi,
        namespaces=kind,
        own_user=not reason,
        missing=missing,
        paths=list(sys.path),
        version=platform.python_version(),
    )


def see(start: Start, ground: Ground) -> None:
    """Leave the host for a view of what code may read, where namespaces are allowed."""
    count_threads()
    if not ground.namespaces:
        return
    off = start.switched_off
    namespaces.leave_the_host(as_user=ground.namespaces == "user", network="network namespace" not in off)
    if "root view" not in off:
        namespaces.show_only(_visible(start))


def open_files(layers: Layers) -> None:
    """Hold open what Landlock will allow."""
    start = layers.start
    layers.files = [
        *landlock.open_paths([*_LIBRARIES, *_readable(start)], landlock.READ),
        *landlock.open_paths(_DEVICES, landlock.READ_FILE | landlock.WRITE_FILE),
    ]
    if start.node is not None:
        runnable = [start.node, *_loaders()]
        layers.node_files = landlock.open_paths(runnable, landlock.READ_FILE | landlock.EXECUTE)


def _visible(start: Start) -> list[str]:
    node = [] if start.node is None else [start.node]
    return [*_LIBRARIES, *_DEVICES, *_readable(start), *node]


def _readable(start: Start) -> list[str]:
    """This interpreter's own library, what it imports from, and what an operator adds."""
    return [f"{sys.base_prefix}/lib", *sys.path, *start.packages, *start.readable]


def _loaders() -> list[str]:
    """The dynamic loaders, which the kernel runs on behalf of a program."""
    names = ("ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1", "ld-musl-x86_64.so.1", "ld-musl-aarch64.so.1")
    folders = ("/lib64", "/lib", "/lib/x86_64-linux-gnu", "/lib/aarch64-linux-gnu")
    found = (Path(folder) / name for folder in folders for name in names)
    return sorted({str(path.resolve()) for path in found if path.exists()})


def _try_namespaces(start: Start, *, as_user: bool) -> None:
    uid = os.getuid()
    namespaces.leave_the_host(as_user=as_user)
    namespaces.show_only(_visible(start))
    namespaces.own_network()
    namespaces.own_work_directory(uid, start.work_size, start.work_inodes)


def _try_user() -> None:
    """Become another user, and still be able to end what did: root without CAP_KILL is not."""
    readable, writable = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            process.die_with(os.getppid())
            process.become(_ANY_USER)
            os.write(writable, b"ok")
            signal.pause()
        finally:
            os._exit(1)
    os.close(writable)
    if os.read(readable, 2) != b"ok":
        raise OSError(1, "changing to another user is refused")
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def _attempt(step: Callable[[], None]) -> str:
    """Do `step` in a child; why it failed, or nothing."""
    readable, writable = os.pipe()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            step()
            status = 0
        except OSError as error:
            os.write(writable, str(error).encode()[:500])
        finally:
            os._exit(status)
    os.close(writable)
    with open(readable, "rb") as pipe:  # noqa: PTH123  a descriptor, not a path
        said = pipe.read().decode(errors="replace")
    _, status = os.waitpid(pid, 0)
    return said or ("" if status == 0 else "it ended without saying why")
