"""The system call filter answers as its lists say, worked out step by step as the kernel does."""

from __future__ import annotations

import re
from pathlib import Path

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
    program, arm = seccomp.compose(rules, "x86_64"), seccomp.compose(rules, "aarch64")
    assert answer(program, 0, architecture=0x40000003) == KILL
    for number in (0x40000000, 0x40000027, 0xFFFFFFFF):
        assert answer(program, number) == KILL
    assert answer(arm, 63) == KILL
    assert answer(arm, 3, architecture=0x40000028) == KILL  # calls of 32-bit ARM
    assert answer(arm, 63, architecture=ARCHITECTURES["aarch64"]) == ALLOW


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
@pytest.mark.parametrize("name", BOTH)
def test_calls_are_allowed_with_harmless_arguments_only(
    name: str, call: str, arguments: tuple[int, ...], wanted: int
) -> None:
    program = seccomp.compose(seccomp.Rules(), name)
    assert answer(program, numbers(name)[call], *arguments, architecture=ARCHITECTURES[name]) == wanted


def test_the_older_call_for_opening_is_held_like_the_newer() -> None:
    program = seccomp.compose(seccomp.Rules(), "x86_64")
    assert answer(program, numbers("x86_64")["open"], 0, 0o1000) == EPERM
    assert answer(program, numbers("x86_64")["open"], 0, 0o1101) == ALLOW


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
@pytest.mark.parametrize("name", BOTH)
def test_sockets_are_of_the_internet_and_of_the_kinds_that_are_limited(
    name: str, arguments: tuple[int, int], tcp: int, udp: int
) -> None:
    number, architecture = numbers(name)["socket"], ARCHITECTURES[name]
    stream, both = (seccomp.compose(seccomp.Rules(tcp=True, udp=udp_too), name) for udp_too in (False, True))
    assert answer(stream, number, *arguments, architecture=architecture) == tcp
    assert answer(both, number, *arguments, architecture=architecture) == udp


@pytest.mark.parametrize("name", BOTH)
def test_what_an_operator_allows_does_not_forgive_what_is_never_allowed(name: str) -> None:
    known, architecture = numbers(name), ARCHITECTURES[name]
    setrlimit = 160 if name == "x86_64" else 164
    program = seccomp.compose(seccomp.Rules(more=(known["ptrace"], known["clone3"], setrlimit)), name)
    assert answer(program, known["ptrace"], architecture=architecture) == KILL
    assert answer(program, known["clone3"], architecture=architecture) == ENOSYS
    assert answer(program, setrlimit, architecture=architecture) == ALLOW


#: Calls younger than the headers of some distribution; their numbers are the same everywhere.
_YOUNG = {"futex_wake": 454, "futex_wait": 455, "futex_requeue": 456}
_HEADERS = {
    "x86_64": ("/usr/include/x86_64-linux-gnu/asm/unistd_64.h", "/usr/include/asm/unistd_64.h"),
    "aarch64": ("/usr/include/asm-generic/unistd.h",),
}


@pytest.mark.parametrize("name", BOTH)
def test_the_numbers_are_those_of_the_kernels_headers(name: str) -> None:
    found = [Path(path) for path in _HEADERS[name] if Path(path).exists()]
    if not found:
        pytest.skip("the kernel's headers are not installed (linux-libc-dev)")
    text = found[0].read_text(encoding="utf-8")
    # What differs between machines of 32 and 64 bits has a name of its own, to which the usual one refers.
    wide = dict(re.findall(r"#define __NR3264_(\w+)\s+(\d+)", text))
    numbered = {call: int(number) for call, number in re.findall(r"#define __NR_(\w+)\s+(\d+)", text)}
    for call, referred in re.findall(r"#define __NR_(\w+)\s+__NR3264_(\w+)", text):
        if referred in wide:
            numbered.setdefault(call, int(wide[referred]))
    assert numbers(name) == {call: numbered.get(call, _YOUNG.get(call)) for call in numbers(name)}
    # Nothing that is never allowed is left out because the table does not know it.
    assert {call for call in allowed.NEVER if call in numbered} <= set(numbers(name))


def test_the_architectures_are_named_as_the_kernel_names_them() -> None:
    little_endian, wide = 0x40000000, 0x80000000
    assert {"x86_64": 62 | little_endian | wide, "aarch64": 183 | little_endian | wide} == ARCHITECTURES


def test_an_unknown_machine_is_refused() -> None:
    with pytest.raises(OSError, match="riscv64"):
        seccomp.compose(seccomp.Rules(), "riscv64")
