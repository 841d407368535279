"""Puts the layers on, in the one order in which they go on. A layer that cannot be put on ends the run."""

from __future__ import annotations

import array
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from homeport_sandbox.confined.orders import Ground, Order, Start
from homeport_sandbox.linux import landlock, namespaces, process, seccomp

_MOST_OPEN_FILES = 64
_MOST_PROCESSES = 64
#: Node.js reserves far more address space than it uses; what it may fill is limited instead.
_NODE_DATA = 1 << 30


class NotConfined(Exception):
    """A layer could not be put on; nothing was run."""


@dataclass(slots=True)
class Layers:
    """What all runs of one warm interpreter share, prepared before the first."""

    start: Start
    ground: Ground
    parent: int
    files: list[landlock.Opened] = field(default_factory=list)
    node_files: list[landlock.Opened] = field(default_factory=list)
    _filters: dict[seccomp.Rules, seccomp.Packed] = field(default_factory=dict)

    def on(self, layer: str) -> bool:
        """Whether the layer is on, as it is outside of tests."""
        return layer not in self.start.switched_off

    @property
    def has_namespaces(self) -> bool:
        """Whether runs have network and files of their own."""
        return bool(self.ground.namespaces)

    def filter(self, order: Order) -> seccomp.Packed:
        """The system call filter of a run."""
        rules = seccomp.Rules(
            tcp=order.network,
            udp=order.network and self.has_namespaces,
            node=order.language == "nodejs",
            more=tuple(self.start.more_system_calls),
        )
        if rules not in self._filters:
            self._filters[rules] = seccomp.pack(seccomp.compose(rules))
        return self._filters[rules]


def enter_world(layers: Layers, order: Order, progress: socket.socket) -> None:
    """Network and work directory of the run's own; without namespaces, nothing is done here."""
    if order.network and layers.has_namespaces and layers.on("network namespace"):
        with _putting_on("network namespace"):
            namespaces.own_network()
            _offer_listeners(order.ports, progress)
    if layers.has_namespaces:
        with _putting_on("work directory"):
            uid = os.getuid() if order.uid is None else order.uid
            bounded = layers.on("work directory")
            size, inodes = (layers.start.work_size, layers.start.work_inodes) if bounded else (0, 0)
            namespaces.own_work_directory(uid, size, inodes)


def lock(layers: Layers, order: Order, keep: int) -> None:
    """Everything but the system call filter: user, limits, privileges, files, descriptors from `keep` on."""
    steps: dict[str, Callable[[], None]] = {
        "rlimits": lambda: process.limit(limits(layers.start, order, shared=order.uid is None)),
        "own user": lambda: _change_user(order),
        "capabilities": process.drop_capabilities,
        "parent death": lambda: process.die_with(layers.parent),
        "memory hidden": process.hide_memory,
        "no new privileges": process.give_up_new_privileges,
        "landlock": lambda: _limit_files(layers, order),
        "closed descriptors": lambda: process.close_from(keep),
    }
    for name, put_on in steps.items():
        if layers.on(name):
            with _putting_on(name):
                put_on()


def filter_calls(layers: Layers, program: seccomp.Packed) -> None:
    """The last layer: after it, only what untrusted code may do is possible."""
    if layers.on("system calls"):
        with _putting_on("system calls"):
            seccomp.install(program, os.getpid())


def limits(start: Start, order: Order, *, shared: bool) -> dict[str, int]:
    """Resource limits of a run. `shared`: its user has other processes too, which count."""
    common = {
        "RLIMIT_CPU": order.cpu,
        "RLIMIT_FSIZE": start.work_size,
        "RLIMIT_NOFILE": _MOST_OPEN_FILES,
        "RLIMIT_NPROC": _MOST_PROCESSES + (_threads_of_user() if shared else 0),
        "RLIMIT_CORE": 0,
        "RLIMIT_MEMLOCK": 0,
        "RLIMIT_MSGQUEUE": 0,
        "RLIMIT_SIGPENDING": _MOST_PROCESSES,
    }
    if order.language == "nodejs":
        return common | {"RLIMIT_DATA": _NODE_DATA}
    return common | {"RLIMIT_AS": start.memory}


_counted: list[int] = []


def count_threads() -> None:
    """Remember how many threads our user has, while they can be seen."""
    count = 0
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            try:
                if entry.stat().st_uid == os.getuid():
                    count += sum(1 for _ in os.scandir(f"/proc/{entry.name}/task"))
            except OSError:
                continue  # it has ended meanwhile, or is not ours to count
    _counted[:] = [count]


def _threads_of_user() -> int:
    # Others of this user come and go; room is left for as many again.
    return 2 * _counted[0] if _counted else 0


def _change_user(order: Order) -> None:
    if order.uid is not None:
        process.become(order.uid)


def _limit_files(layers: Layers, order: Order) -> None:
    work = namespaces.work() if layers.has_namespaces else order.work
    opened = [*layers.files, *(layers.node_files if order.language == "nodejs" else [])]
    if work is not None:
        os.chdir(work)
        opened.append(landlock.open_path(work, landlock.WORK))
    landlock.restrict(layers.ground.landlock, opened, order.ports if order.network else ())


def _offer_listeners(ports: list[int], progress: socket.socket) -> None:
    """Listen in the empty network and hand the listeners to the server, which relays to the proxies alone."""
    listeners = []
    for port in ports:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.bind(("127.0.0.1", port))
        listener.listen(16)
        listeners.append(listener)
    fds = array.array("i", [listener.fileno() for listener in listeners])
    progress.sendmsg([b"listening"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)])
    for listener in listeners:
        listener.close()


@contextmanager
def _putting_on(layer: str) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, KeyError, OverflowError) as error:
        raise NotConfined(f"{layer}: {error}") from error
