"""Runs a piece of Python as if it were a program of its own."""

from __future__ import annotations

import atexit
import gc
import linecache
import os
import sys
import threading
import traceback
import types

_NAME = "<code>"


def run(source: bytes) -> int:
    """Run `source` as `__main__`, everything it has left to do included; its exit status."""
    status = _execute(source)
    threading._shutdown()  # type: ignore[attr-defined]  # noqa: SLF001  waits for its threads, as an interpreter does
    atexit._run_exitfuncs()  # noqa: SLF001
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            status = status or 120  # what a Python program answers when its output could not be written
    return status


def _execute(source: bytes) -> int:
    main = types.ModuleType("__main__")
    main.__dict__["__builtins__"] = __builtins__
    sys.modules["__main__"] = main
    try:
        text = source.decode("utf-8")
        linecache.cache[_NAME] = (len(text), None, text.splitlines(keepends=True), _NAME)
        exec(compile(text, _NAME, "exec"), main.__dict__)  # noqa: S102  what this program is for
    except SystemExit as leaving:
        return _status(leaving)
    except BaseException as error:  # noqa: BLE001  whatever the code raised is its result
        _show(error)
        return 1
    return 0


def _status(leaving: SystemExit) -> int:
    if leaving.code is None:
        return 0
    if isinstance(leaving.code, int):
        return leaving.code & 0xFF
    print(leaving.code, file=sys.stderr)  # noqa: T201  as the interpreter does
    return 1


def _show(error: BaseException) -> None:
    # Our own frames are no concern of whoever wrote the code.
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    try:
        traceback.print_exception(type(error), error, trace)
    except (MemoryError, RecursionError, OSError):
        os.write(2, f"{type(error).__name__}\n".encode())


def prepare_streams() -> None:
    """Standard streams over the descriptors 0, 1 and 2, as a fresh interpreter has them."""
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", encoding="utf-8", errors="surrogateescape", closefd=False)  # noqa: SIM115
    sys.stderr = open(  # noqa: SIM115
        2, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False
    )
    sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr  # type: ignore[misc]


def prepare_interpreter(environment: dict[str, str]) -> None:
    """The state a fresh interpreter would have: environment, arguments, garbage collection."""
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = [_NAME]
    gc.enable()
