"""What a worker costs that has nothing to do: all sixteen queues, threads, PostgreSQL and Redis.

PostgreSQL comes from a package and is the vector store, too; the program `redis-server` must be installed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.platform import HOMEPORT, free_port, wait_listening
from tests.support.pgvector_server import PgvectorServer, run_pgvector_server

_SECONDS = 60
_SETTLE_SECONDS = 15
_START_SECONDS = 60
_TICKS = os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Print processor time and memory of the idle worker."""
    if shutil.which("redis-server") is None:
        print("idle worker: not measured, redis-server is not installed")
        return
    with (
        tempfile.TemporaryDirectory(prefix="homeport-benchmark-") as made,
        _redis() as redis,
        run_pgvector_server() as postgres,
        _worker(_migrated(_environment(Path(made), redis, postgres)), Path(made) / "log") as pid,
    ):
        time.sleep(_SETTLE_SECONDS)
        before, began = _processor_seconds(pid), time.perf_counter()
        time.sleep(_SECONDS)
        used = (_processor_seconds(pid) - before) / (time.perf_counter() - began)
        pss, resident = _memory(pid, "Pss"), _memory(pid, "Rss")
    print(
        f"idle worker: {used * 100:.1f} % of a core over {_SECONDS} s, {pss:.0f} MB (PSS), {resident:.0f} MB resident"
    )


def _environment(folder: Path, redis: int, postgres: PgvectorServer) -> dict[str, str]:
    return os.environ | {
        "MODE": "worker",
        "HOMEPORT_DATA_DIR": str(folder),
        "SECRET_KEY": "a key for the benchmark",
        "DB_TYPE": "postgresql",
        "DB_HOST": postgres.host,
        "DB_PORT": str(postgres.port),
        "DB_USERNAME": "postgres",
        "DB_PASSWORD": "",
        "DB_DATABASE": "postgres",
        "CELERY_BROKER_URL": f"redis://127.0.0.1:{redis}/1",
        "REDIS_HOST": "127.0.0.1",
        "REDIS_PORT": str(redis),
        "VECTOR_STORE": "pgvector",
        "PGVECTOR_HOST": postgres.host,
        "PGVECTOR_PORT": str(postgres.port),
        "PGVECTOR_USER": "postgres",
        "PGVECTOR_DATABASE": "postgres",
    }


def _migrated(environment: dict[str, str]) -> dict[str, str]:
    """As in a fleet, where a process of its own migrates before."""
    subprocess.run([*HOMEPORT, "serve"], env=environment | {"MODE": "migration"}, check=True, capture_output=True)
    return environment


@contextmanager
def _worker(environment: dict[str, str], log: Path) -> Iterator[int]:
    with log.open("wb") as output:
        process = subprocess.Popen([*HOMEPORT, "serve"], env=environment, stdout=output, stderr=output)
    try:
        until = time.perf_counter() + _START_SECONDS
        while " ready." not in log.read_text():
            if process.poll() is not None or time.perf_counter() > until:
                raise RuntimeError(f"the worker did not start:\n{log.read_text()}")
            time.sleep(0.1)
        yield process.pid
    finally:
        process.terminate()
        process.wait(30)


@contextmanager
def _redis() -> Iterator[int]:
    port = free_port()
    options = ["--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no"]
    process = subprocess.Popen(["redis-server", *options], stdout=subprocess.DEVNULL)
    try:
        wait_listening(port)
        yield port
    finally:
        process.terminate()
        process.wait(10)


def _processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _memory(pid: int, kind: str) -> float:
    """Of the process and its children, in MB."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    total = 0
    for one in [pid, *map(int, children)]:
        rollup = Path(f"/proc/{one}/smaps_rollup").read_text(encoding="ascii")
        found = re.search(rf"^{kind}:\s+(\d+)", rollup, re.MULTILINE)
        total += int(found[1]) if found else 0
    return total / 1024


if __name__ == "__main__":
    main()
