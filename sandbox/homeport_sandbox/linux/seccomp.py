"""The system call filter, written as the kernel's own small machine language (classic BPF)."""

from __future__ import annotations

import ctypes
import socket
from collections.abc import Iterable
from dataclasses import dataclass

from homeport_sandbox.linux.allowed import ANYHOW, FORGIVEN_NODE, NETWORK, NEVER, PRETEND_MISSING
from homeport_sandbox.linux.call import call
from homeport_sandbox.linux.numbers import ARCHITECTURES, machine, numbers

_ALLOW = 0x7FFF0000
_KILL = 0x80000000
_EPERM = 0x00050000 | 1
_ENOSYS = 0x00050000 | 38

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_AND = 0x54
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16
_X32 = 0x40000000

_SET_MODE_FILTER = 1
_CLONE_THREAD = 0x00010000
# Any of these asks for a namespace of one's own.
_CLONE_NEW = 0x7E020080
_SOCKET_KIND = 0xF
_ACCESS_AND_TRUNCATE = 0o1003
_TRUNCATE_READ_ONLY = 0o1000
_PRCTL = (3, 15, 16, 21, 23, 39, 0x53564D41)  # names, questions, and the label of a memory area
_IOCTL = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)  # terminal and bytes waiting: asked; blocking, close-on-exec
_FCNTL = (0, 1, 2, 3, 4, 5, 6, 7, 36, 37, 38, 1030, 1032, 1033, 1034)  # neither owners of signals nor sizes of pipes

Instruction = tuple[int, int, int, int]
#: Stands in a program where the number of the process goes that installs it.
_OWN_PROCESS = -1


@dataclass(frozen=True, slots=True)
class Rules:
    """What varies between filters."""

    #: Whether TCP may be spoken, and whether UDP too (only where a network namespace limits who hears it).
    tcp: bool = False
    udp: bool = False
    node: bool = False
    #: Numbers an operator allows besides; those never forgiven stay so.
    more: tuple[int, ...] = ()


def compose(rules: Rules, architecture: str | None = None) -> list[Instruction]:
    """The program for `rules`; raises `OSError` on an architecture whose calls are not known."""
    name = architecture or machine()
    known = numbers(name)
    if name not in ARCHITECTURES:
        raise OSError(38, f"no system call list is known for {name}; x86_64 and aarch64 are")
    forgiven = FORGIVEN_NODE if rules.node else frozenset[str]()
    killed = sorted(known[call_name] for call_name in NEVER - forgiven if call_name in known)
    allowed = {known[call_name] for call_name in ANYHOW | (NETWORK if rules.tcp else frozenset()) if call_name in known}
    if rules.node:
        allowed.add(known["execve"])
    program: list[Instruction] = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, ARCHITECTURES[name]),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
    ]
    if name == "x86_64":
        program += [(_AT_LEAST, 0, 1, _X32), (_RETURN, 0, 0, _KILL)]
    program += _each(killed, _KILL)
    program += _each((known[call_name] for call_name in sorted(PRETEND_MISSING)), _ENOSYS)
    program += _each(sorted(allowed | set(rules.more)), _ALLOW)
    for call_name, block in _checked(rules).items():
        if call_name in known:
            program += [(_EQUAL, 0, len(block), known[call_name]), *block]
    return [*program, (_RETURN, 0, 0, _EPERM)]


def install(program: list[Instruction], process: int) -> None:
    """Filter every further system call of this process, whose number is `process`. Raises `OSError`."""
    length = len(program)
    code = b"".join(
        kind.to_bytes(2, "little")
        + yes.to_bytes(1, "little")
        + no.to_bytes(1, "little")
        + (process if value == _OWN_PROCESS else value).to_bytes(4, "little")
        for kind, yes, no, value in program
    )
    buffer = ctypes.create_string_buffer(code, len(code))
    header = (ctypes.c_uint64 * 2)(length, ctypes.addressof(buffer))
    call("seccomp", _SET_MODE_FILTER, 0, ctypes.byref(header))


def refuse(names: Iterable[str]) -> list[Instruction]:
    """A program that allows everything but `names`, which are refused: what a container engine does, for tests."""
    known = numbers(machine())
    start: list[Instruction] = [(_LOAD, 0, 0, _NUMBER)]
    return [*start, *_each((known[name] for name in names), _EPERM), (_RETURN, 0, 0, _ALLOW)]


def _each(of: Iterable[int], answer: int) -> list[Instruction]:
    return [step for number in of for step in ((_EQUAL, 0, 1, number), (_RETURN, 0, 0, answer))]


def _checked(rules: Rules) -> dict[str, list[Instruction]]:
    """Calls that are allowed with some arguments only."""
    kinds = [socket.SOCK_STREAM, *([socket.SOCK_DGRAM] if rules.udp else [])]
    inet = [socket.AF_INET, socket.AF_INET6]
    own = [_OWN_PROCESS]
    # A pair of datagram sockets could be sent to any path; a pair of streams is bound to each other for good.
    pair = [*_one_of(0, [socket.AF_UNIX]), *_one_of(1, [socket.SOCK_STREAM], _SOCKET_KIND)]
    blocks = {
        "open": _not_truncating(1),
        "openat": _not_truncating(2),
        "clone": [
            (_LOAD, 0, 0, _FIRST_ARGUMENT),
            (_ANY_BIT, 1, 0, _CLONE_THREAD),
            (_RETURN, 0, 0, _EPERM),
            (_ANY_BIT, 0, 1, _CLONE_NEW),
            (_RETURN, 0, 0, _KILL),
        ],
        "kill": _one_of(0, own),
        "tgkill": _one_of(0, own),
        # Asking for limits is allowed, of oneself; setting them is not.
        "prlimit64": [*_one_of(0, [0, _OWN_PROCESS]), *_null(2)],
        "getrlimit": [],
        "prctl": _one_of(0, _PRCTL),
        "ioctl": _one_of(1, _IOCTL),
        "fcntl": _one_of(1, _FCNTL),
        "socketpair": pair,
        "socket": [*_one_of(0, inet), *_one_of(1, kinds, _SOCKET_KIND)] if rules.tcp else [(_RETURN, 0, 0, _EPERM)],
        "sendto": [] if rules.tcp else _null(4),
    }
    return {name: [*block, (_RETURN, 0, 0, _ALLOW)] for name, block in blocks.items()}


def _argument(index: int) -> Instruction:
    return (_LOAD, 0, 0, _FIRST_ARGUMENT + 8 * index)


def _one_of(index: int, accepted: Iterable[int], mask: int | None = None) -> list[Instruction]:
    """Refused unless the argument, its bits outside `mask` left out, is one of `accepted`."""
    values = list(accepted)
    cut: list[Instruction] = [] if mask is None else [(_AND, 0, 0, mask)]
    tests: list[Instruction] = [(_EQUAL, len(values) - place, 0, value) for place, value in enumerate(values)]
    return [_argument(index), *cut, *tests, (_RETURN, 0, 0, _EPERM)]


def _null(index: int) -> list[Instruction]:
    """Refused unless the argument is a null pointer."""
    low = _FIRST_ARGUMENT + 8 * index
    return [
        (_LOAD, 0, 0, low),
        (_EQUAL, 1, 0, 0),
        (_RETURN, 0, 0, _EPERM),
        (_LOAD, 0, 0, low + 4),
        (_EQUAL, 1, 0, 0),
        (_RETURN, 0, 0, _EPERM),
    ]


def _not_truncating(index: int) -> list[Instruction]:
    """Refused where a file is opened for reading and emptied at once: Landlock before version 3 lets that through."""
    return [
        _argument(index),
        (_AND, 0, 0, _ACCESS_AND_TRUNCATE),
        (_EQUAL, 0, 1, _TRUNCATE_READ_ONLY),
        (_RETURN, 0, 0, _EPERM),
    ]
