"""How strongly code is confined here, in four words, and what stands in the way of more."""

from __future__ import annotations

from enum import IntEnum

from homeport_sandbox.confined.orders import Ground
from homeport_sandbox.errors import TooWeak
from homeport_sandbox.linux.numbers import ARCHITECTURES, machine


class Level(IntEnum):
    """From nothing to everything; each holds what the one before it holds."""

    #: Something essential is missing: nothing is run.
    NONE = 0
    #: Landlock, system call filter, limits: what an unprivileged container allows.
    CONFINED = 1
    #: Besides, a user of its own for each run, or a user namespace.
    SEPARATED = 2
    #: Besides, its own network, root directory and work directory in memory.
    ISOLATED = 3


_ADVICE = {
    "landlock": "Use a kernel with Landlock (5.13 or newer, `landlock` in its list of security modules).",
    "own user": "Start the sandbox as root, with the capabilities SETUID and SETGID.",
    "namespaces": "Allow namespaces: give the container the capability SYS_ADMIN and a seccomp and AppArmor profile"
    " that let it unshare and mount; or run it on a kernel that gives user namespaces to everybody.",
}


def level(ground: Ground) -> Level:
    """What `ground` amounts to."""
    if ground.landlock < 1:
        return Level.NONE
    if ground.namespaces:
        return Level.ISOLATED
    return Level.SEPARATED if ground.own_user else Level.CONFINED


def require_architecture() -> None:
    """Raise `TooWeak` where system calls cannot be filtered, since their numbers are not known."""
    if machine() not in ARCHITECTURES:
        raise TooWeak(
            f"Code is not run: the system calls of this machine ({machine()}) are not known to the sandbox, which needs"
            " Linux on x86-64 or 64-bit ARM; set CODE_EXECUTION_ENDPOINT to a sandbox on such a machine."
        )


def require(ground: Ground, minimum: Level) -> None:
    """Raise `TooWeak`, saying what is missing and what gives it, when `minimum` is not reached."""
    reached = level(ground)
    needed = max(minimum, Level.CONFINED)
    if reached >= needed:
        return
    reasons = "; ".join(f"{layer}: {reason}" for layer, reason in ground.missing.items() if layer in _ADVICE)
    wanted = "landlock" if reached is Level.NONE else "own user" if needed is Level.SEPARATED else "namespaces"
    raise TooWeak(
        f"Code is not run: this machine reaches the level {reached.name.lower()}, and SANDBOX_MINIMUM_LEVEL asks for "
        f"{needed.name.lower()} ({reasons}). {_ADVICE[wanted]}"
    )
