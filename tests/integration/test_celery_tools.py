"""Celery's commands and Flower, beside a fleet that works."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from homeport.runtime.db.columns import utc_now
from homeport.runtime.tasks.queues import Queue
from homeport.runtime.tasks.tables import Job
from tests.support.celery_command import CELERY, ask_workers, celery
from tests.support.job_bench import until
from tests.support.job_orders import order_desk
from tests.support.processes import Installation
from tests.support.servers import free_port, wait_for

pytestmark = [pytest.mark.process, pytest.mark.timeout(300)]

SHOWN = "the next job of dataset"


@contextmanager
def flower(fleet: Installation) -> Iterator[httpx.AsyncClient]:
    """Flower on a free port of the loopback interface, and a client of its API."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    with (fleet.folder / "flower.log").open("wb") as log:
        process = subprocess.Popen(
            [*CELERY, "flower", "--address=127.0.0.1", f"--port={port}"],
            env=fleet.environment({"FLOWER_UNAUTHENTICATED_API": "true"}),
            cwd=fleet.folder,
            stdout=log,
            stderr=log,
        )

    def answers() -> bool:
        try:
            return httpx.get(f"{address}/healthcheck", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    try:
        wait_for(answers, seconds=60, what="Flower")
        yield httpx.AsyncClient(base_url=address, timeout=30)
    finally:
        process.terminate()
        process.wait(20)


async def test_flower_shows_workers_their_queues_and_what_they_do(fleet: Installation) -> None:
    async with order_desk(fleet) as desk:
        worker = fleet.worker(CELERY_WORKER_AMOUNT="2")
        with flower(fleet) as client:
            async with client:
                found: dict[str, Any] = {}

                async def sees(path: str, what: Any) -> None:
                    async def seen() -> bool:
                        found["last"] = (await client.get(path)).json()
                        return bool(what(found["last"]))

                    await until(seen, 60)

                await sees("/workers?json=1", lambda got: [one["status"] for one in got["data"]] == [True])
                celery(fleet, "control", "enable_events", "-t", "5")  # Flower asks for them, too, but in its own time
                await desk.order(*"abcde", held=True)
                await desk.began(2)
                async with desk.database.begin() as session:  # nobody is told twice, however slow this goes
                    await session.execute(update(Job).values(hint_at=utc_now() + timedelta(hours=1)))
                await sees("/api/tasks", lambda got: [one["state"] for one in got.values()] == ["STARTED"] * 2)
                assert {one["name"] for one in found["last"].values()} == {SHOWN}
                asked = {"active_queues", "registered"}  # Flower asks for each by itself, and shows what has come
                await sees("/api/workers?refresh=1", lambda got: got and all(asked <= set(one) for one in got.values()))
                [shown] = found["last"].values()
                assert {one["name"] for one in shown["active_queues"]} == set(Queue)
                assert shown["registered"] == ["homeport.run_job"]
                await sees("/api/queues/length", lambda got: got["active_queues"])
                lengths = {one["name"]: one["messages"] for one in found["last"]["active_queues"]}
                assert lengths == {queue: 3 if queue == Queue.DATASET else 0 for queue in Queue}
                desk.let_go()
                await desk.all_succeeded(5)
                await sees("/api/tasks", lambda got: [one["state"] for one in got.values()] == ["SUCCESS"] * 5)
        assert worker.terminate() == 0


@pytest.mark.parametrize("pool", ["threads", "prefork"])
async def test_celery_asks_a_worker_and_makes_its_pool_larger_and_smaller(fleet: Installation, pool: str) -> None:
    async with order_desk(fleet) as desk:
        worker = fleet.worker(CELERY_WORKER_CLASS=pool, CELERY_WORKER_AMOUNT="1")
        await desk.order(*"abcd", held=True)
        await desk.began(1)
        [ping] = ask_workers(fleet, "inspect", "ping").values()
        assert ping == {"ok": "pong"}
        [active] = ask_workers(fleet, "inspect", "active").values()
        [running] = active
        assert (running["name"], running["type"]) == (SHOWN, "homeport.run_job")
        [registered] = ask_workers(fleet, "inspect", "registered").values()
        assert registered == ["homeport.run_job"]
        [queues] = ask_workers(fleet, "inspect", "active_queues").values()
        assert {one["name"] for one in queues} == set(Queue)
        [stats] = ask_workers(fleet, "inspect", "stats").values()
        assert stats["total"] == {SHOWN: 1}
        celery(fleet, "control", "pool_grow", "2", "-t", "5")
        await desk.began(3)
        celery(fleet, "control", "pool_shrink", "2", "-t", "5")
        desk.let_go()
        await desk.all_succeeded(4)
        assert worker.terminate() == 0
        assert "AttributeError" not in worker.text


@pytest.mark.parametrize("pool", ["threads", "prefork"])
async def test_a_worker_that_celery_shuts_down_hands_back_what_runs(fleet: Installation, pool: str) -> None:
    async with order_desk(fleet) as desk:
        settings = {"CELERY_WORKER_CLASS": pool, "CELERY_WORKER_AMOUNT": "2", "HOMEPORT_STOP_SECONDS": "1"}
        worker = fleet.worker(**settings)
        await desk.order(*"ab", held=True)
        await desk.began(2)
        # Nobody answers it: the workers are about to leave.
        celery(fleet, "control", "shutdown", status=69)
        assert worker.popen.wait(60) == 0, worker.text
        assert await desk.states() == {"queued": 2}
        other = fleet.worker()
        desk.let_go()
        await desk.all_succeeded(2)
        assert {note.attempt for note in desk.notes} == {1}, "what was handed back does not count as an attempt"
        assert other.terminate() == 0
