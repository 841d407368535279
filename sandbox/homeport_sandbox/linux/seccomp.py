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
_AND, _JUMP = 0x54, 0x05
#: How far a comparison can jump.
_LONGEST_STEP = 255
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
    # The later word on a call goes before the earlier.
    answers = {known[call_name]: block for call_name, block in _checked(rules).items() if call_name in known}
    allowed = ANYHOW | (NETWORK if rules.tcp else frozenset()) | ({"execve"} if rules.node else frozenset())
    answers |= dict.fromkeys([*_known(allowed, known), *rules.more], _answer(_ALLOW))
    answers |= dict.fromkeys(_known(PRETEND_MISSING, known), _answer(_ENOSYS))
    forgiven = FORGIVEN_NODE if rules.node else frozenset[str]()
    answers |= dict.fromkeys(_known(NEVER - forgiven, known), _answer(_KILL))
    if name == "x86_64":
        answers |= {_X32: _answer(_KILL)}
    return [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, ARCHITECTURES[name]),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
        *_search(_ranges(answers)),
    ]


@dataclass(frozen=True, slots=True)
class Packed:
    """A program in the kernel's form, made once for many processes."""

    code: bytes
    #: Where the number of the process goes.
    own: tuple[int, ...]


def pack(program: list[Instruction]) -> Packed:
    """Put `program` into the kernel's form."""
    code = b"".join(
        kind.to_bytes(2, "little") + bytes((yes, no)) + max(value, 0).to_bytes(4, "little")
        for kind, yes, no, value in program
    )
    own = tuple(8 * place + 4 for place, (_, _, _, value) in enumerate(program) if value == _OWN_PROCESS)
    return Packed(code, own)


def install(packed: Packed, process: int) -> None:
    """Filter every further system call of this process, whose number is `process`. Raises `OSError`."""
    code = bytearray(packed.code)
    for place in packed.own:
        code[place : place + 4] = process.to_bytes(4, "little")
    buffer = (ctypes.c_char * len(code)).from_buffer(code)
    header = (ctypes.c_uint64 * 2)(len(code) // 8, ctypes.addressof(buffer))
    call("seccomp", _SET_MODE_FILTER, 0, ctypes.byref(header))


def refuse(names: Iterable[str]) -> list[Instruction]:
    """A program that allows everything but `names`, which are refused: what a container engine does, for tests."""
    known = numbers(machine())
    start: list[Instruction] = [(_LOAD, 0, 0, _NUMBER)]
    return [*start, *_each((known[name] for name in names), _EPERM), (_RETURN, 0, 0, _ALLOW)]


def _each(of: Iterable[int], answer: int) -> list[Instruction]:
    return [step for number in of for step in ((_EQUAL, 0, 1, number), (_RETURN, 0, 0, answer))]


def _answer(with_what: int) -> list[Instruction]:
    return [(_RETURN, 0, 0, with_what)]


def _known(names: Iterable[str], known: dict[str, int]) -> list[int]:
    return [known[name] for name in names if name in known]


def _ranges(answers: dict[int, list[Instruction]]) -> list[tuple[int, list[Instruction]]]:
    """Where another answer begins, and which; between the calls named, refusal. The last range has no end."""
    found: list[tuple[int, list[Instruction]]] = [(0, _answer(_EPERM))]
    for number, answer in sorted(answers.items()):
        if found[-1][0] == number:
            found.pop()
        if not found or found[-1][1] != answer:
            found.append((number, answer))
        if number != _X32:  # of which there is no end
            found.append((number + 1, _answer(_EPERM)))
    kept = found[:1]
    for start, answer in found[1:]:
        if answer != kept[-1][1]:
            kept.append((start, answer))
    return kept


def _search(ranges: list[tuple[int, list[Instruction]]]) -> list[Instruction]:
    """Finds the range of a call by halving. A list from top to bottom takes the kernel a millisecond to install."""
    if len(ranges) == 1:
        return ranges[0][1]
    middle = len(ranges) // 2
    below, above = _search(ranges[:middle]), _search(ranges[middle:])
    start = ranges[middle][0]
    if len(below) <= _LONGEST_STEP:
        return [(_AT_LEAST, len(below), 0, start), *below, *above]
    return [(_AT_LEAST, 0, 1, start), (_JUMP, 0, 0, len(below)), *below, *above]


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
