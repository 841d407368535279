"""Many runs of untrusted code, of every kind of end: nothing may be left behind.

.venv/bin/python -m benchmarks.soak_sandbox --runs 100000
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "sandbox"))

from homeport_sandbox.execute import PYTHON, Executor, Task
from homeport_sandbox.settings import Settings

#: Ends well, fails, writes files, is refused, is killed, starts threads, writes much.
CODES = (
    "print({'a': 1})",
    "raise ValueError('on purpose')",
    "open('a', 'w').write('x' * 100000); import tempfile; tempfile.mkdtemp()",
    "import os; os.fork()",
    "import ctypes; ctypes.CDLL(None).ptrace(0, 0, 0, 0)",
    "import threading, time; [threading.Thread(target=time.sleep, args=(0.001,)).start() for n in range(5)]",
    "print('x' * 200000)",
    "import os; os._exit(3)",
    "x = bytearray(600 << 20)",
    "import sys; sys.exit('bye')",
)


@dataclass(frozen=True)
class Held:
    """What is held at one moment."""

    processes: int
    zombies: int
    descriptors: int
    descriptors_of_interpreter: int
    users_free: int
    work_directories: int
    memory_mb: float
    memory_of_interpreter_mb: float


def measure(executor: Executor) -> Held:
    """Count what this process and its children hold."""
    gc.collect()
    children = _children(os.getpid())
    warm = executor._warm  # noqa: SLF001
    interpreter = warm.process.pid if warm is not None else 0
    states = [_state(pid) for pid in children]
    return Held(
        processes=len(children),
        zombies=states.count("Z"),
        descriptors=len(list(Path("/proc/self/fd").iterdir())),
        descriptors_of_interpreter=len(list(Path(f"/proc/{interpreter}/fd").iterdir())),
        users_free=executor.users_free,
        work_directories=len(list(Path("/tmp").glob("run-*"))),
        memory_mb=_resident(os.getpid()),
        memory_of_interpreter_mb=_resident(interpreter),
    )


def leftovers(before: Held, after: Held) -> list[str]:
    """What is held after, and was not before."""
    found = []
    for name, value in asdict(after).items():
        was = asdict(before)[name]
        if name.startswith("memory"):
            if value > was * 1.5 + 8:
                found.append(f"{name}: {was:.1f} before, {value:.1f} after")
        elif value != was:
            found.append(f"{name}: {was} before, {value} after")
    return found


async def soak(runs: int, at_once: int = 4, python: str = "", pool: int = 2, shown: bool = True) -> list[str]:
    """Run `runs` pieces of code, `at_once` at a time; what is left behind."""
    executor = Executor(Settings(python_path=python, max_workers=at_once, worker_timeout=20, python_pool=pool))
    await executor.open()
    try:
        await _run(executor, 50, at_once)
        await _idle(executor)
        before = measure(executor)
        started = time.monotonic()
        done = 0
        while done < runs:
            step = min(10_000, runs - done)
            await _run(executor, step, at_once)
            done += step
            if shown:
                print(f"{done} runs, {done / (time.monotonic() - started):.0f}/s", flush=True)
        await _idle(executor)
        after = measure(executor)
        if shown:
            print("before:", before)
            print("after: ", after)
        return leftovers(before, after)
    finally:
        await executor.close()


async def _run(executor: Executor, runs: int, at_once: int) -> None:
    left = iter(range(runs))

    async def work() -> None:
        for number in left:
            await executor.run(Task("python3", CODES[number % len(CODES)].encode()))

    await asyncio.gather(*(work() for _ in range(at_once)))


async def _idle(executor: Executor) -> None:
    """Wait until interpreters that were replaced are gone, and as many processes wait as are to."""
    end = time.monotonic() + 30
    wanted = executor.settings.python_pool

    def settled() -> bool:
        return not executor._leaving and executor.waiting(PYTHON) == wanted  # noqa: SLF001

    while not settled() and time.monotonic() < end:  # noqa: ASYNC110
        await asyncio.sleep(0.05)


def _children(pid: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[1]) == pid:
                found += [int(entry.name), *_children(int(entry.name))]
    return found


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""


def _resident(pid: int) -> float:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    except OSError:
        return 0.0


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--at-once", type=int, default=4)
    parser.add_argument("--python", default="", help="interpreter of the code")
    parser.add_argument("--pool", type=int, default=2, help="processes that wait (SANDBOX_PYTHON_POOL)")
    arguments = parser.parse_args()
    found = asyncio.run(soak(arguments.runs, arguments.at_once, arguments.python, arguments.pool))
    print("\n".join(found) or "nothing is left behind")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
