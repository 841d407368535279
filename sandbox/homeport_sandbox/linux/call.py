"""System calls by name. Every argument is passed, every answer is checked: a call that failed has raised."""

from __future__ import annotations

import ctypes
import os
from typing import Any

from homeport_sandbox.linux.numbers import machine, numbers

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long
_numbers = numbers(machine())
_MOST_ARGUMENTS = 6


def call(name: str, *arguments: Any) -> int:
    """Make the system call `name`; arguments are numbers, bytes, ctypes pointers or None. Raises `OSError`.

    `syscall` of the C library takes what lies in the registers: an argument left out would be whatever was there.
    """
    number = _numbers.get(name)
    if number is None:
        raise OSError(38, f"the system call {name} is not known on {machine()}")
    padded = [*arguments, *[0] * (_MOST_ARGUMENTS - len(arguments))]
    ctypes.set_errno(0)
    answer = int(_libc.syscall(ctypes.c_long(number), *[_fit(argument) for argument in padded]))
    if answer < 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{name}: {os.strerror(error)}")
    return answer


def _fit(argument: Any) -> Any:
    if argument is None:
        return ctypes.c_long(0)
    return ctypes.c_long(argument) if isinstance(argument, int) else argument
