"""One small function in the sandbox, in a process that waited and in a fresh one, side by side with starting Python
each time; throughput; idle memory.

.venv/bin/python -m benchmarks.bench_sandbox
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

_ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(_ROOT / "sandbox"))

from homeport_sandbox.execute import Executor, Task  # noqa: E402
from homeport_sandbox.settings import Settings  # noqa: E402

_KEY = "benchmark"
_PYTHON = 'def main(): return {"a": 1}\nimport json\nprint("<<RESULT>>" + json.dumps(main()) + "<<RESULT>>")'
_NODE = 'function main() { return {a: 1}; }\nconsole.log("<<RESULT>>" + JSON.stringify(main()) + "<<RESULT>>");'


def main() -> None:
    """Print every figure, and how busy the machine was."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=300)
    rounds = parser.parse_args().rounds
    print(f"load average before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; {_pace()}")
    asyncio.run(_in_process(rounds))
    with _service() as (client, server):
        time.sleep(3)
        print(f"idle memory: {_memory(server):.0f} MB (PSS of server, warm interpreter and processes that wait)")
        _over_http(client, rounds)
    print(f"load average after: {os.getloadavg()[0]:.1f}")


async def _in_process(rounds: int) -> None:
    """All ways in turn, so that they meet the same machine."""
    pooled, fresh = (Executor(Settings(worker_timeout=30, python_pool=size)) for size in (2, 0))
    await pooled.open()
    await fresh.open()
    task = Task("python3", _PYTHON.encode())
    waited, made, launched, node = [], [], [], []
    for _ in range(rounds):
        waited.append(await _timed(pooled.run(task)))
        made.append(await _timed(fresh.run(task)))
        launched.append(await _timed(asyncio.to_thread(_launch)))
    in_a_row = [await _timed(pooled.run(task)) for _ in range(rounds)]
    _show("python, all layers, in a process that waited", waited)
    _show("the same without a pause between runs", in_a_row)
    _show("python, all layers, in a fresh process", made)
    _show("python started each time, no isolation", launched)
    if shutil.which("node"):
        for _ in range(rounds // 5):
            node.append(await _timed(pooled.run(Task("nodejs", _NODE.encode()))))
            await asyncio.sleep(0.1)
        _show("node, all layers, in a process that waited", node)
    for name, executor in (("in processes that waited", pooled), ("in fresh processes", fresh)):
        await _crowd(name, executor, task, rounds)


async def _crowd(name: str, executor: Executor, task: Task, rounds: int) -> None:
    """Throughput of four at once, and the processor time of all who took part."""
    used, began = _processor(executor), time.perf_counter()
    await asyncio.gather(*(_many(executor, task, rounds) for _ in range(4)))
    seconds, used = time.perf_counter() - began, _processor(executor) - used
    print(
        f"throughput {name}: {4 * rounds / seconds:.0f} runs/s, 4 at once;"
        f" processor {used / (4 * rounds) * 1e3:.1f} ms per run"
    )
    await executor.close()


def _processor(executor: Executor) -> float:
    """Seconds of processor time of this process, of the warm interpreter and of the runs that have ended."""
    warm = executor._warm  # noqa: SLF001
    assert warm is not None
    fields = Path(f"/proc/{warm.process.pid}/stat").read_text().rpartition(")")[2].split()
    # Interpreters that were replaced meanwhile are among the children that have ended.
    return sum(os.times()[:4]) + sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def _over_http(client: httpx.Client, rounds: int) -> None:
    body = {"language": "python3", "code": _PYTHON}
    took = []
    for _ in range(rounds):
        began = time.perf_counter()
        client.post("/v1/sandbox/run", json=body).raise_for_status()
        took.append(time.perf_counter() - began)
    _show("python over HTTP", took)


def _launch() -> None:
    subprocess.run([str(Path(sys.executable).resolve()), "-c", _PYTHON], check=True, capture_output=True)


async def _many(executor: Executor, task: Task, rounds: int) -> None:
    for _ in range(rounds):
        await executor.run(task)


async def _timed(waiting: object) -> float:
    began = time.perf_counter()
    await waiting  # type: ignore[misc]
    return time.perf_counter() - began


@contextmanager
def _service() -> Iterator[tuple[httpx.Client, int]]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        process = subprocess.Popen(
            [sys.executable, "-m", "homeport_sandbox", "--fd", str(listener.fileno()), "--parent", str(os.getpid())],
            env={"PATH": os.environ["PATH"], "API_KEY": _KEY, "PYTHONPATH": str(_ROOT / "sandbox")},
            stderr=subprocess.DEVNULL,
            pass_fds=[listener.fileno()],
        )
    try:
        headers = {"X-Api-Key": _KEY}
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=60, trust_env=False) as client:
            client.get("/health").raise_for_status()
            yield client, process.pid
    finally:
        process.terminate()
        process.wait(20)


def _memory(pid: int) -> float:
    """Proportional set size of a process and all it has started, in MB."""
    total = 0
    for one in [pid, *_descendants(pid)]:
        try:
            rollup = Path(f"/proc/{one}/smaps_rollup").read_text()
        except OSError:
            continue
        total += next((int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")), 0)
    return total / 1000


def _descendants(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children")
    found = [int(word) for word in children.read_text().split()] if children.exists() else []
    return [one for child in found for one in (child, *_descendants(child))]


def _pace() -> str:
    """How fast one core is now: a loop of a million additions."""
    best = min(_loop() for _ in range(5))
    return f"a million additions take {best * 1e3:.0f} ms"


def _loop() -> float:
    began = time.perf_counter()
    total = 0
    for number in range(1_000_000):
        total += number
    return time.perf_counter() - began


def _show(what: str, seconds: list[float]) -> None:
    ordered = sorted(seconds)
    p95 = ordered[int(len(ordered) * 0.95)]
    print(f"{what}: p50 {statistics.median(ordered) * 1e3:.1f}, p95 {p95 * 1e3:.1f}, least {ordered[0] * 1e3:.1f} ms")


if __name__ == "__main__":
    main()
