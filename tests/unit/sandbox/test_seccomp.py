"""The system call filter answers as its lists say, worked out step by step as the kernel does."""

from __future__ import annotations

import pytest

from homeport_sandbox.linux import allowed, seccomp
from homeport_sandbox.linux.numbers import ARCHITECTURES, numbers

ALLOW, KILL, EPERM, ENOSYS = 0x7FFF0000, 0x80000000, 0x00050001, 0x00050000 | 38
OWN = 4242
EVERY_RULE = [
    seccomp.Rules(),
    seccomp.Rules(tcp=True),
    seccomp.Rules(tcp=True, udp=True),
    seccomp.Rules(node=True),
    seccomp.Rules(tcp=True, udp=True, node=True, more=(450,)),
]
BOTH = sorted(ARCHITECTURES)


def answer(
    program: list[seccomp.Instruction], number: int, *arguments: int, architecture: int = ARCHITECTURES["x86_64"]
) -> int:
    """What the program answers to a call."""
    words = [number, architecture, 0, 0]
    for argument in [*arguments, *[0] * (6 - len(arguments))]:
        words += [argument & 0xFFFFFFFF, (argument >> 32) & 0xFFFFFFFF]
    place = accumulator = 0
    while True:
        kind, yes, no, value = program[place]
        value = OWN if value == -1 else value
        place += 1
        if kind == 0x20:
            accumulator = words[value // 4]
        elif kind == 0x54:
            accumulator &= value
        elif kind == 0x05:
            place += value
        elif kind == 0x06:
            return value
        else:
            holds = {0x15: accumulator == value, 0x35: accumulator >= value, 0x45: bool(accumulator & value)}[kind]
            place += yes if holds else no


@pytest.mark.parametrize("rules", EVERY_RULE)
@pytest.mark.parametrize("name", BOTH)
def test_every_call_is_answered_as_its_list_says(name: str, rules: seccomp.Rules) -> None:
    program, known, architecture = seccomp.compose(rules, name), numbers(name), ARCHITECTURES[name]
    assert len(program) < 4096
    named = {number: call for call, number in known.items()}
    never = allowed.NEVER - (allowed.FORGIVEN_NODE if rules.node else frozenset())
    anyhow = allowed.ANYHOW | (allowed.NETWORK if rules.tcp else frozenset()) | ({"execve"} if rules.node else set())
    for number in range(600):
        call = named.get(number, "")
        if call in {"open", "openat", "clone", "kill", "tgkill", "prlimit64", "getrlimit", "prctl", "ioctl", "fcntl"}:
            continue
        if call in {"socketpair", "socket", "sendto"}:
            continue
        wanted = (
            KILL
            if call in never
            else ENOSYS
            if call in allowed.PRETEND_MISSING
            else ALLOW
            if call in anyhow or number in rules.more
            else EPERM
        )
        assert answer(program, number, architecture=architecture) == wanted, (number, call)


@pytest.mark.parametrize("rules", EVERY_RULE)
def test_another_architecture_and_the_x32_calls_are_killed(rules: seccomp.Rules) -> None:
    program = seccomp.compose(rules, "x86_64")
    assert answer(program, 0, architecture=0x40000003) == KILL
    for number in (0x40000000, 0x40000027, 0xFFFFFFFF):
        assert answer(program, number) == KILL
    assert answer(seccomp.compose(rules, "aarch64"), 63) == KILL


@pytest.mark.parametrize(
    ("call", "arguments", "wanted"),
    [
        ("kill", (OWN, 9), ALLOW),
        ("kill", (1, 9), EPERM),
        ("kill", (0, 9), EPERM),
        ("kill", (-1, 9), EPERM),
        ("tgkill", (OWN, 1, 6), ALLOW),
        ("tgkill", (1, 1, 6), EPERM),
        ("clone", (0x3D0F00,), ALLOW),
        ("clone", (17,), EPERM),
        ("clone", (0x10000 | 0x10000000,), KILL),
        ("clone", (0x10000 | 0x80,), KILL),
        ("clone", (0x10000000 | 17,), EPERM),
        ("openat", (0, 0, 0), ALLOW),
        ("openat", (0, 0, 0o1101), ALLOW),
        ("openat", (0, 0, 0o1000), EPERM),
        ("open", (0, 0o1000), EPERM),
        ("prlimit64", (0, 7, 0), ALLOW),
        ("prlimit64", (OWN, 7, 0), ALLOW),
        ("prlimit64", (1, 7, 0), EPERM),
        ("prlimit64", (0, 7, 1 << 40), EPERM),
        ("prctl", (15,), ALLOW),
        ("prctl", (4, 1), EPERM),
        ("prctl", (22,), EPERM),
        ("ioctl", (1, 0x5401), ALLOW),
        ("ioctl", (0, 0x5412), EPERM),
        ("fcntl", (1, 3), ALLOW),
        ("fcntl", (1, 8), EPERM),
        ("fcntl", (1, 1031), EPERM),
        ("socketpair", (1, 1 | 0o2000000), ALLOW),
        ("socketpair", (1, 2), EPERM),
        ("socketpair", (2, 1), EPERM),
        ("socket", (2, 1), EPERM),
        ("sendto", (3, 0, 0, 0, 0), ALLOW),
        ("sendto", (3, 0, 0, 0, 1 << 40), EPERM),
    ],
)
def test_calls_are_allowed_with_harmless_arguments_only(call: str, arguments: tuple[int, ...], wanted: int) -> None:
    program = seccomp.compose(seccomp.Rules(), "x86_64")
    assert answer(program, numbers("x86_64")[call], *arguments) == wanted


@pytest.mark.parametrize(
    ("arguments", "tcp", "udp"),
    [
        ((2, 1), ALLOW, ALLOW),
        ((10, 1 | 0o2004000), ALLOW, ALLOW),
        ((2, 2), EPERM, ALLOW),
        ((2, 3), EPERM, EPERM),
        ((1, 1), EPERM, EPERM),
        ((16, 3), EPERM, EPERM),
        ((17, 3), EPERM, EPERM),
        ((40, 1), EPERM, EPERM),
    ],
)
def test_sockets_are_of_the_internet_and_of_the_kinds_that_are_limited(
    arguments: tuple[int, int], tcp: int, udp: int
) -> None:
    number = numbers("x86_64")["socket"]
    assert answer(seccomp.compose(seccomp.Rules(tcp=True), "x86_64"), number, *arguments) == tcp
    assert answer(seccomp.compose(seccomp.Rules(tcp=True, udp=True), "x86_64"), number, *arguments) == udp


def test_what_an_operator_allows_does_not_forgive_what_is_never_allowed() -> None:
    known = numbers("x86_64")
    program = seccomp.compose(seccomp.Rules(more=(known["ptrace"], known["clone3"], 250, 160)), "x86_64")
    assert answer(program, known["ptrace"]) == KILL
    assert answer(program, known["clone3"]) == ENOSYS
    assert answer(program, 160) == ALLOW


def test_an_unknown_machine_is_refused() -> None:
    with pytest.raises(OSError, match="riscv64"):
        seccomp.compose(seccomp.Rules(), "riscv64")
