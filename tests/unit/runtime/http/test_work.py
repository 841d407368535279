"""A request's unit of work is on disk before the answer leaves, and gone when the endpoint raises."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from homeport.runtime.db.database import Database
from homeport.runtime.errors import Conflict
from homeport.runtime.http import problems
from homeport.runtime.http.work import Reading, Work

app = FastAPI()
problems.install(app)


@app.post("/write")
async def _write(session: Work, fail: bool = False) -> str:
    await session.execute(text("INSERT INTO things VALUES (1)"))
    if fail:
        raise Conflict
    return "written"


@app.get("/read")
async def _read(session: Reading) -> int:
    return int((await session.execute(text("SELECT count(*) FROM things"))).scalar_one())


@pytest.fixture
async def client(database_url: str) -> AsyncIterator[httpx.AsyncClient]:
    database = Database(database_url)
    async with database.begin() as session:
        await session.execute(text("CREATE TABLE things (number INTEGER)"))
    app.state.provided = {Database: database}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        yield client
    await database.close()


async def test_work_is_committed_before_the_answer_and_rolled_back_by_an_error(client: httpx.AsyncClient) -> None:
    assert (await client.post("/write?fail=true")).status_code == 409
    assert (await client.get("/read")).json() == 0

    assert (await client.post("/write")).status_code == 200
    assert (await client.get("/read")).json() == 1
