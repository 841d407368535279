"""Functions that run in child processes; here because a child finds them by their import path."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import NoReturn

from homeport.runtime.errors import HomeportError, NotFound


class WithItsOwnConstructor(HomeportError):
    """An error made from something else than a sentence."""

    code = "own"

    def __init__(self, numbers: list[int], *, factor: int) -> None:
        self.numbers = numbers
        super().__init__(f"{len(numbers)} numbers", hint=f"factor {factor}")


def add(one: int, other: int) -> int:
    return one + other


def length(content: bytes) -> int:
    return len(content)


def repeat(text: str, count: int) -> str:
    return text * count


def pid() -> int:
    return os.getpid()


def hold(seconds: float) -> int:
    time.sleep(seconds)
    return os.getpid()


def wait_for_file(path: str) -> bool:
    """Whether the file comes within 30 s."""
    end = time.monotonic() + 30
    while not Path(path).exists():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def loop_forever() -> NoReturn:
    while True:
        pass


def write_pid_and_hold(path: str, seconds: float) -> None:
    Path(path).write_text(str(os.getpid()), encoding="ascii")
    time.sleep(seconds)


def raise_not_found() -> NoReturn:
    raise NotFound("No such page.", hint="Look elsewhere.")


def raise_own() -> NoReturn:
    raise WithItsOwnConstructor([1, 2, 3], factor=7)


def raise_key_error() -> NoReturn:
    raise KeyError("surprise")


def take_memory(megabytes: int) -> int:
    return len(bytearray(megabytes * 1024 * 1024))


def crash() -> None:
    ctypes.string_at(0)


def kill_myself() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def print_and_read() -> tuple[str, str]:
    print("noise")
    os.write(1, b"more noise\n")
    return sys.stdin.read(), "done"


def environment() -> dict[str, str]:
    return dict(os.environ)


def modules() -> list[str]:
    return sorted(sys.modules)


def unpicklable() -> object:
    return threading.Lock()
