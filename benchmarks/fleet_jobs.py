"""Durable jobs in a fleet: PostgreSQL, a Redis of its own as the broker, and real worker processes.

Each job is a transaction of its own when it is queued, claimed and ended. The time of one alone is from before it is
queued until its end is seen in its row. PostgreSQL is the one of HOMEPORT_TEST_POSTGRES, or postgres@127.0.0.1: a
database is made there and dropped at the end.
`--million` puts a million finished rows into the table first.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import uvloop
from sqlalchemy import func, select, text

from benchmarks.jobs import fill
from benchmarks.platform import HOMEPORT, cpu_seconds, free_port, wait_listening
from homeport.entry.migrate import migrate
from homeport.entry.settings import read_settings
from homeport.features.operate.tasks import PROBES
from homeport.runtime.config.sources import Sources
from homeport.runtime.db.columns import new_id
from homeport.runtime.db.database import Database
from homeport.runtime.tasks.dispatchers.celery import CeleryDispatcher
from homeport.runtime.tasks.jobs import Jobs
from homeport.runtime.tasks.queues import Queue
from homeport.runtime.tasks.tables import Job, JobState
from homeport.runtime.tasks.task import NoPayload
from tests.support.pgvector_server import run_pgvector_server

_JOBS = 4000
_ALONE = 200
_CLIENTS = 16
_WORKERS = 2
_PATIENCE_SECONDS = 120
_POSTGRES = "postgresql://postgres@127.0.0.1:5432/postgres"
_TASK = PROBES[Queue.DATASET]


@contextmanager
def _redis() -> Iterator[str]:
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="homeport-benchmark-") as folder:
        options = ["--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no", "--dir", folder]
        process = subprocess.Popen(["redis-server", *options], stdout=subprocess.DEVNULL)
        try:
            wait_listening(port)
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            process.terminate()
            process.wait(10)


@asynccontextmanager
async def _postgres() -> AsyncIterator[dict[str, str]]:
    admin = os.environ.get("HOMEPORT_TEST_POSTGRES", _POSTGRES)
    name = f"homeport_benchmark_{os.getpid()}"
    connection = await asyncpg.connect(admin)
    await connection.execute(f"CREATE DATABASE {name}")
    parts = urlsplit(admin)
    try:
        yield {
            "DB_TYPE": "postgresql",
            "DB_HOST": parts.hostname or "127.0.0.1",
            "DB_PORT": str(parts.port or 5432),
            "DB_USERNAME": parts.username or "postgres",
            "DB_PASSWORD": parts.password or "",
            "DB_DATABASE": name,
        }
    finally:
        await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await connection.close()


@contextmanager
def _workers(settings: dict[str, str], folder: Path) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Started, and ready when all have said so."""
    started = []
    try:
        for number in range(_WORKERS):
            log = (folder / f"worker-{number}.log").open("wb")
            command = [*HOMEPORT, "serve"]
            started.append(subprocess.Popen(command, env=os.environ | settings, stdout=log, stderr=log))
        until = time.monotonic() + _PATIENCE_SECONDS
        for number in range(_WORKERS):
            while " ready." not in (said := (folder / f"worker-{number}.log").read_text(encoding="utf-8")):
                if time.monotonic() > until or started[number].poll() is not None:
                    raise RuntimeError(said)
                time.sleep(0.1)
        yield started
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(60)


async def _succeeded(database: Database, tag: str) -> int:
    async with database.read() as session:
        done = select(func.count()).where(Job.subject_id == tag, Job.state == JobState.SUCCEEDED)
        return int((await session.execute(done)).scalar_one())


async def _all_done(database: Database, tag: str, count: int, look_seconds: float = 0.05) -> None:
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while await _succeeded(database, tag) < count:  # noqa: ASYNC110 - what is asked is a row in a database
            await asyncio.sleep(look_seconds)


async def _flood(database: Database, jobs: Jobs, count: int) -> float:
    """Queue `count` jobs by several clients at once; answers jobs ended per second."""
    tag, left, workspaces = new_id(), iter(range(count)), [new_id() for _ in range(20)]

    async def client() -> None:
        for number in left:
            async with database.begin() as session:
                workspace = workspaces[number % len(workspaces)]
                await jobs.enqueue(session, _TASK, NoPayload(), workspace_id=workspace, subject_id=tag)

    began = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(_CLIENTS)))
    await _all_done(database, tag, count)
    return count / (time.perf_counter() - began)


async def _alone(database: Database, jobs: Jobs) -> list[float]:
    """Milliseconds from before a job is queued until its end is seen from here, sorted: by one clock."""
    times = []
    for _ in range(_ALONE):
        tag, began = new_id(), time.perf_counter()
        async with database.begin() as session:
            await jobs.enqueue(session, _TASK, NoPayload(), subject_id=tag)
        await _all_done(database, tag, 1, look_seconds=0.001)
        times.append((time.perf_counter() - began) * 1000)
    return sorted(times)


async def measure(finished: int) -> None:
    """Print jobs per second and the time of one job alone, with so many finished rows in the table."""
    with (
        run_pgvector_server() as vectors,
        _redis() as broker,
        tempfile.TemporaryDirectory(prefix="homeport-benchmark-") as folder,
    ):
        async with _postgres() as address:
            settings = address | {
                "MODE": "worker",
                "SECRET_KEY": "a key for this benchmark",
                "CELERY_BROKER_URL": broker,
                "CELERY_WORKER_AMOUNT": "8",
                "VECTOR_STORE": "pgvector",
                "PGVECTOR_HOST": vectors.host,
                "PGVECTOR_PORT": str(vectors.port),
                "PGVECTOR_USER": "postgres",
                "PGVECTOR_DATABASE": "postgres",
                "HOMEPORT_DATA_DIR": folder,
                "MIGRATION_ENABLED": "false",
                "LOG_LEVEL": "INFO",
            }
            read = read_settings(Sources(settings))
            database = Database(read.database.url(Path(folder)), read.database)
            dispatcher = CeleryDispatcher(read.celery)
            try:
                await migrate(database)
                await fill(database, finished)
                async with database.engine.connect() as connection:
                    await connection.execute(text("ANALYZE jobs"))
                    await connection.commit()
                with _workers(settings, Path(folder)) as workers:
                    jobs = Jobs(dispatcher)
                    await _flood(database, jobs, _JOBS // 4)  # warm
                    used = sum(cpu_seconds(one.pid) for one in workers)
                    rate = await _flood(database, jobs, _JOBS)
                    used = sum(cpu_seconds(one.pid) for one in workers) - used
                    alone = await _alone(database, jobs)
            finally:
                await dispatcher.close()
                await database.close()
    print(
        f"jobs on PostgreSQL and Redis, {_WORKERS} workers, {finished:,} finished rows: {rate:.0f} jobs/s, "
        f"{used / _JOBS * 1000:.2f} ms CPU of a worker each; "
        f"one alone p50 {alone[_ALONE // 2]:.1f} ms, p95 {alone[_ALONE * 95 // 100]:.1f} ms"
    )


def main() -> None:
    """With an empty table, then with many finished rows (a million with --million)."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(measure(0))
        runner.run(measure(1_000_000 if "--million" in sys.argv else 100_000))


if __name__ == "__main__":
    main()
