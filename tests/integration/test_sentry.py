"""Errors that nobody expected reach Sentry with ids and places, and without what was sent or who sent it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from homeport.features.knowledge.room import KnowledgeRoom
from homeport.runtime.config.errors import ConfigurationError
from homeport.runtime.errors import HomeportError
from homeport.runtime.tasks.queues import Queue
from homeport.runtime.tasks.task import RunningJob, Task
from tests.support.house import TestHouse, open_test_house
from tests.support.job_bench import until
from tests.support.sentry_server import SentryServer, sentry_server

SECRET = "sk-a-key-that-nobody-may-see-0123456789"
WRITTEN = "vermilion cargo"


@pytest.fixture
def sentry() -> Iterator[SentryServer]:
    with sentry_server() as found:
        yield found


class Nothing(BaseModel):
    """A payload."""

    words: str = WRITTEN


async def break_down(_request: Request) -> Response:
    local = f"{WRITTEN} {SECRET}"
    assert local
    raise RuntimeError(f"the key {SECRET} does not fit")


async def refuse(_request: Request) -> Response:
    raise HomeportError("This is known.")


async def fail_job(_room: object, _payload: Nothing, _job: RunningJob) -> None:
    raise LookupError("nothing there")


def browser(house: TestHouse) -> httpx.AsyncClient:
    house.app.router.routes[:0] = [
        Route("/break/{what}", break_down, methods=["POST"]),
        Route("/refuse", refuse, methods=["POST"]),
    ]
    return httpx.AsyncClient(transport=httpx.ASGITransport(house.app), base_url="http://homeport.test")


async def test_an_error_in_a_request_arrives_once_with_its_id_and_without_what_was_sent(
    tmp_path: Path, sentry: SentryServer
) -> None:
    async with (
        open_test_house(tmp_path, SENTRY_DSN=sentry.dsn, COMMIT_SHA="1234abc", DEPLOY_ENV="TESTING") as house,
        browser(house) as client,
    ):
        headers = {"Authorization": f"Bearer {SECRET}", "Cookie": f"session={SECRET}", "X-Request-Id": "r-1"}
        sent = {"query": WRITTEN, "password": SECRET}
        answer = await client.post("/break/thing?token=" + SECRET, json=sent, headers=headers)
        assert answer.status_code == 500
        assert (await client.post("/refuse")).status_code == 500
    [event] = sentry.of("event")
    assert sentry.errors == [("RuntimeError", "the key sk-*** does not fit")]
    assert event["tags"] == {"request_id": "r-1"}
    assert (event["release"], event["environment"]) == ("homeport@0.1.0+1234abc", "testing")
    assert event["exception"]["values"][0]["stacktrace"]["frames"][-1]["function"] == "break_down"
    assert {"request", "user", "breadcrumbs"}.isdisjoint(event)
    everything = "\n".join(sentry.raw)
    for hidden in (SECRET, WRITTEN + " ", '"vars"', "Cookie"):
        assert hidden not in everything, hidden


async def test_an_error_in_a_job_arrives_with_the_ids_of_job_and_task(tmp_path: Path, sentry: SentryServer) -> None:
    task = Task("test.fail", Queue.DATASET, Nothing, fail_job, max_attempts=1)
    async with open_test_house(tmp_path, set_up=False, SENTRY_DSN=sentry.dsn) as house:
        house.house.registry.add([task], None)
        jobs = house.room(KnowledgeRoom).jobs
        async with house.house.database.begin() as session:
            job_id = await jobs.enqueue(session, task, Nothing())

        async def arrived() -> bool:
            return bool(sentry.of("event"))

        await until(arrived)
    [event] = sentry.of("event")
    assert sentry.errors == [("LookupError", "nothing there")]
    assert event["tags"] == {"job_id": job_id, "task": "test.fail", "attempt": "1"}
    [timed] = [one for one in sentry.of("transaction") if one["transaction"] == "test.fail"]
    assert timed["contexts"]["trace"]["op"] == "queue.task"
    assert WRITTEN not in "\n".join(sentry.raw)


async def test_requests_are_timed_under_their_template_as_far_as_the_share_says(
    tmp_path: Path, sentry: SentryServer
) -> None:
    async with open_test_house(tmp_path, SENTRY_DSN=sentry.dsn, SENTRY_PROFILES_SAMPLE_RATE="0") as house:
        await house.console.get("/apps/01a20556-0000-7000-8000-000000000000")
    names = {one["transaction"] for one in sentry.of("transaction")}
    assert "GET /console/api/apps/{app_id}" in names
    statuses = {one["transaction"]: one["contexts"]["trace"]["status"] for one in sentry.of("transaction")}
    assert statuses["GET /console/api/apps/{app_id}"] == "not_found"

    sentry.items.clear()
    async with open_test_house(tmp_path, set_up=False, SENTRY_DSN=sentry.dsn, SENTRY_TRACES_SAMPLE_RATE="0") as house:
        await house.console.get("/system")
    assert sentry.of("transaction") == []


async def test_an_address_that_is_none_is_said_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="SENTRY_DSN is not the address of a project"):
        async with open_test_house(tmp_path, set_up=False, SENTRY_DSN="not-an-address"):
            pass


def test_nothing_is_loaded_for_what_is_not_asked_for(tmp_path: Path) -> None:
    program = """
import asyncio, json, sys, pathlib
from homeport.entry.api import make_app
from homeport.entry.migrate import migrate_once
from homeport.entry.settings import read_settings
from homeport.runtime.config.sources import Sources

async def main():
    folder = pathlib.Path(sys.argv[1])
    settings = read_settings(Sources({"HOMEPORT_DATA_DIR": str(folder)}))
    await migrate_once(settings, folder)
    app = make_app(settings, folder, sole=True)
    async with app.router.lifespan_context(app):
        heavy = ("opentelemetry.sdk", "opentelemetry.exporter", "opentelemetry.instrumentation", "sentry_sdk", "grpc")
        print(json.dumps([name for name in sys.modules if name.startswith(heavy)]))

asyncio.run(main())
"""
    done = subprocess.run([sys.executable, "-c", program, tmp_path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    loaded: list[Any] = json.loads(done.stdout.splitlines()[-1])
    assert loaded == []
