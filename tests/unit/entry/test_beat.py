"""Of any number of beats one works; it tells the broker again what was forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from sqlalchemy import text, update

from homeport.entry.beat import Beat
from homeport.runtime.db.columns import utc_now
from homeport.runtime.db.database import Database
from homeport.runtime.tasks.duty import BEAT, read_duty
from homeport.runtime.tasks.sweep import Sweep
from homeport.runtime.tasks.tables import Duty
from tests.support.job_bench import Bench, open_bench, until


@pytest.fixture(params=["postgres", "mysql"])
async def bench(request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    """Jobs on a server: a fleet has no other database."""
    async with open_bench(request.getfixturevalue(f"{request.param}_url")) as bench:
        yield bench


@asynccontextmanager
async def beating(bench: Bench, patience: float = 60) -> AsyncIterator[Beat]:
    """A beat with connections of its own, as another process has; `patience` with a silent one, in seconds."""
    database = Database(bench.database.url)
    beat = Beat(database, Sweep(database, bench.hints), turn=0.02, patience=patience)
    running = asyncio.create_task(beat.forever())
    try:
        yield beat
    finally:
        beat.stop()
        await running
        await database.close()


def on_duty(beat: Beat) -> Callable[[], Awaitable[bool]]:
    async def look() -> bool:
        return beat.on_duty

    return look


async def test_one_beat_works_and_another_takes_over_when_it_ends(bench: Bench) -> None:
    async with beating(bench) as first:
        await until(on_duty(first))
        async with beating(bench) as second:
            await asyncio.sleep(0.2)
            assert not second.on_duty
        async with beating(bench) as third:
            assert first.on_duty
            assert not third.on_duty
    async with beating(bench) as fourth:
        await until(on_duty(fourth))


async def test_a_beat_that_falls_silent_is_replaced_although_its_connections_stay_open(bench: Bench) -> None:
    async with beating(bench) as first:
        await until(on_duty(first))
        async with bench.database.begin() as session:
            # As when its machine is gone: the row stands still, and no connection is closed.
            await session.execute(update(Duty).values(holder="lost", moves=Duty.moves + 1000))
        async with beating(bench, patience=0.2) as second:
            await until(on_duty(second))
            assert not first.on_duty
            async with bench.database.read() as session:
                state = await read_duty(session, BEAT)
            assert state is not None
            assert state.holder == second.name


async def test_the_clock_of_a_beat_has_no_part_in_who_is_on_duty(bench: Bench) -> None:
    async with beating(bench) as first:
        await until(on_duty(first))
        async with bench.database.begin() as session:
            long_ago = utc_now() - timedelta(days=1)
            await session.execute(update(Duty).values(seen_at=long_ago, since=long_ago))
        async with beating(bench) as second:
            await asyncio.sleep(0.3)
            assert first.on_duty
            assert not second.on_duty


async def test_a_beat_on_duty_sends_forgotten_hints(bench: Bench) -> None:
    job_id = await bench.enqueue(bench.task())
    await bench.change(job_id, hint_at=utc_now())
    bench.hints.sent.clear()

    async def sent() -> bool:
        return bool(bench.hints.sent)

    async with beating(bench):
        await until(sent)
    assert [job for _, job in bench.hints.sent] == [job_id]


async def test_a_beat_survives_that_its_connections_are_lost(postgres_url: str) -> None:
    async with open_bench(postgres_url) as bench, beating(bench) as beat:
        await until(on_duty(beat))
        async with bench.database.engine.connect() as connection:
            others = "pid <> pg_backend_pid() AND datname = current_database()"
            await connection.execute(text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}"))
        job_id = await bench.enqueue(bench.task())
        await bench.change(job_id, hint_at=utc_now())
        bench.hints.sent.clear()

        async def sent() -> bool:
            return [job for _, job in bench.hints.sent] == [job_id]

        await until(sent)
        await until(on_duty(beat))
