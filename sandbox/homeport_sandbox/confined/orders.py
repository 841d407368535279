"""What the server tells the warm interpreter: once at its start, and then for each run. Plain JSON on a socket."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field

#: The layers by name; two more are the server's, "wall limit" and "output limit". Only tests switch one off, to see
#: that it was the one that held.
LAYERS = (
    "network namespace",
    "root view",
    "work directory",
    "own user",
    "capabilities",
    "rlimits",
    "parent death",
    "memory hidden",
    "no new privileges",
    "landlock",
    "closed descriptors",
    "system calls",
)


@dataclass(frozen=True, slots=True)
class Start:
    """How every run of one warm interpreter is confined."""

    #: What code may read beside the interpreter, libraries, time zones and certificates.
    readable: list[str]
    #: Folders from which code imports, beside the interpreter's own.
    packages: list[str]
    #: Modules loaded once for all, and folders they may be taken from that code itself may not see.
    warm: list[str]
    lenders: list[str]
    node: str | None
    #: Bytes of address space, of the work directory and of a file in it.
    memory: int
    work_size: int
    #: Bytes of one piece of code.
    longest_code: int
    work_inodes: int = 512
    more_system_calls: list[int] = field(default_factory=list)
    switched_off: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Order:
    """One run. Its descriptors travel beside it: code, standard output, standard error, progress."""

    number: int
    language: str
    #: The user to become, where the server may choose one.
    uid: int | None
    #: Seconds of processor time.
    cpu: int
    network: bool = False
    #: Ports of the egress proxies: listened on in a network namespace, otherwise connected to.
    ports: list[int] = field(default_factory=list)
    #: An existing bounded directory, where none can be mounted.
    work: str | None = None
    environment: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ground:
    """What the machine allows, found out by trying."""

    landlock: int
    #: "own" as root, "user" by way of a user namespace, "" without.
    namespaces: str
    own_user: bool
    #: Why something is missing: layer and reason.
    missing: dict[str, str] = field(default_factory=dict)
    #: Where packages were found, and what this interpreter calls its version.
    paths: list[str] = field(default_factory=list)
    version: str = ""


def write(message: Start | Order | Ground) -> bytes:
    """The bytes of a message."""
    return json.dumps(asdict(message)).encode()
