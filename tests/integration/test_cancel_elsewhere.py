"""A job that runs in one process is cancelled through another, and hears of it within a second."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.engine import make_url

from homeport.runtime.db.columns import utc_now
from homeport.runtime.db.database import Database
from homeport.runtime.tasks.queues import Queue
from homeport.runtime.tasks.tables import Job, JobState
from tests.support.house import visiting
from tests.support.indexing import add_documents
from tests.support.job_bench import until
from tests.support.model_server import ModelServer
from tests.support.processes import Installation

pytestmark = [pytest.mark.process, pytest.mark.timeout(240)]

#: What is promised. Without a word from the other process, a worker looks at its jobs every five seconds.
PROMISE = timedelta(seconds=1)
ROUNDS = 5


@pytest.fixture(params=["redis"])
def word(request: pytest.FixtureRequest) -> dict[str, str]:
    """The settings of a fleet whose processes can send word to each other in this way."""
    address = make_url(request.getfixturevalue("redis_url"))
    return {"REDIS_HOST": address.host or "", "REDIS_PORT": str(address.port), "REDIS_DB": address.database or "0"}


@pytest.fixture
async def database(postgres_url: str) -> AsyncIterator[Database]:
    """That of the fleet."""
    found = Database(postgres_url)
    yield found
    await found.close()


@asynccontextmanager
async def silent_model() -> AsyncIterator[str]:
    """The address of a model that takes requests and never answers."""

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"


async def test_a_job_that_runs_in_another_process_is_cancelled_within_a_second(
    fleet: Installation, database: Database, models: ModelServer, word: dict[str, str]
) -> None:
    known = {**word, "OPENAI_API_KEY": "k", "HOMEPORT_DEFAULT_EMBEDDING": "test-embedding"}
    _, address = fleet.api(OPENAI_API_BASE=models.url, **known)
    async with silent_model() as nowhere, visiting(address) as visitor:
        worker = fleet.worker(OPENAI_API_BASE=nowhere, **known)
        await visitor.set_up()
        await add_documents(visitor, ROUNDS)

        async def running() -> list[str]:
            found = select(Job.id).where(
                Job.queue.in_((Queue.DATASET, Queue.PRIORITY_DATASET)), Job.state == JobState.RUNNING
            )
            async with database.read() as session:
                return list((await session.execute(found)).scalars())

        async def all_run() -> bool:
            return len(await running()) == ROUNDS

        await until(all_run, seconds=60)
        delays = []
        for job_id in await running():
            answer = await visitor.console.post("/operate/jobs/cancel", json={"ids": [job_id]})
            answered = utc_now()
            assert answer.json() == {"changed": 1, "has_more": False}, answer.text
            delays.append(await finished_at(database, job_id) - answered)
            await asyncio.sleep(0.7)  # so that the five are not all just before a look of the worker's own
        assert sorted(delays)[ROUNDS // 2] < PROMISE, delays  # the machine may have stood still in one of them
        assert worker.terminate() == 0


async def finished_at(database: Database, job_id: str) -> datetime:
    """When the worker wrote the end of a cancelled job."""

    async def row() -> Job:
        async with database.read() as session:
            return await session.get_one(Job, job_id)

    async def is_cancelled() -> bool:
        return (await row()).state == JobState.CANCELLED

    await until(is_cancelled, seconds=20)
    finished = (await row()).finished_at
    assert finished is not None
    return finished
