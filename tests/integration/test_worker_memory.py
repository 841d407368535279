"""A worker that has grown too large starts anew; jobs go on, none is lost or done twice."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sqlalchemy import select

from homeport.runtime.tasks.tables import Job, Worker
from tests.support.job_bench import until
from tests.support.job_orders import OrderDesk, order_desk
from tests.support.processes import Installation, Process

pytestmark = [pytest.mark.process, pytest.mark.timeout(300)]

ABOVE = "above HOMEPORT_WORKER_MEMORY_MB and starts anew"
HOG = 400


def anew(worker: Process) -> int:
    """How often it has started in this process."""
    return worker.text.count(" ready.") - 1


async def workers_known(desk: OrderDesk) -> list[str]:
    async with desk.database.read() as session:
        return list((await session.execute(select(Worker.name))).scalars())


async def test_a_worker_of_threads_starts_anew_in_its_process(fleet: Installation) -> None:
    async with order_desk(fleet) as desk:
        worker = fleet.worker(HOMEPORT_WORKER_MEMORY_MB="300")
        await desk.order("first")
        await desk.all_succeeded(1)
        await desk.order("large", megabytes=HOG)
        await desk.order(*(f"small{number}" for number in range(40)))
        await desk.all_succeeded(42)
        worker.wait_until(lambda: anew(worker) == 1, "it started anew")
        await desk.order("after")
        await desk.all_succeeded(43)
        assert re.search(rf'"megabytes":\d{{3}}.*{ABOVE}|{ABOVE}.*"megabytes":\d{{3}}', worker.text)
        assert {note.process for note in desk.notes} == {worker.popen.pid}, "whoever looks after it sees no end"
        assert len(await workers_known(desk)) == 1, "the one before has left properly"
        assert worker.terminate() == 0
        assert anew(worker) == 1


async def test_jobs_that_still_run_when_it_starts_anew_are_done_by_another(fleet: Installation) -> None:
    async with order_desk(fleet) as desk:
        worker = fleet.worker(HOMEPORT_WORKER_MEMORY_MB="300", HOMEPORT_STOP_SECONDS="5")
        await desk.order("held", held=True)
        await desk.began(1)
        await desk.order("large", megabytes=HOG)
        worker.wait_until(lambda: anew(worker) == 1, "it started anew")
        async with desk.database.read() as session:
            error = (await session.execute(select(Job.last_error).order_by(Job.created_at).limit(1))).scalar_one()
        assert error == "Its worker had grown too large and started anew."
        desk.let_go()
        await desk.all_succeeded(2)
        assert [note.attempt for note in desk.notes if note.name == "held"] == [1, 2, 2]
        assert worker.terminate() == 0


async def test_a_job_that_always_takes_too_much_is_given_up_and_others_go_on(fleet: Installation) -> None:
    async with order_desk(fleet) as desk:
        worker = fleet.worker(HOMEPORT_WORKER_MEMORY_MB="300", HOMEPORT_STOP_SECONDS="1")
        await desk.order("poison", megabytes=HOG, held=True)
        async with desk.database.begin() as session:
            [poison] = (await session.execute(select(Job).where(Job.state != "succeeded"))).scalars()
            poison.max_attempts = 2

        async def given_up() -> bool:
            return (await desk.states())["failed"] == 1

        await until(given_up, 90)
        desk.let_go()
        await desk.order("other")

        async def done() -> bool:
            return await desk.states() == {"failed": 1, "succeeded": 1}

        await until(done, 60)
        assert worker.terminate() == 0


async def test_a_process_of_a_prefork_pool_is_replaced_and_leaves_properly(fleet: Installation) -> None:
    async with order_desk(fleet) as desk:
        worker = fleet.worker(CELERY_WORKER_CLASS="prefork", CELERY_WORKER_AMOUNT="2", HOMEPORT_WORKER_MEMORY_MB="350")
        await desk.order("large", megabytes=HOG)
        await desk.order(*(f"small{number}" for number in range(20)))
        await desk.all_succeeded(21)
        [large] = {note.process for note in desk.notes if note.name == "large"}
        worker.wait_until(lambda: not Path(f"/proc/{large}").exists(), "the large process has ended")
        await desk.order(*(f"later{number}" for number in range(20)))
        await desk.all_succeeded(41)
        assert worker.popen.poll() is None

        async def two_are_there() -> bool:
            return len(await workers_known(desk)) == 2

        await until(two_are_there)
        assert not any(f":{large}:" in name for name in await workers_known(desk)), "its house was closed"
        assert worker.terminate() == 0


@pytest.mark.parametrize("pool", ["threads", "prefork"])
async def test_a_ceiling_below_what_an_empty_worker_needs_is_said_and_has_no_effect(
    fleet: Installation, pool: str
) -> None:
    async with order_desk(fleet) as desk:
        worker = fleet.worker(HOMEPORT_WORKER_MEMORY_MB="20", CELERY_WORKER_CLASS=pool, CELERY_WORKER_AMOUNT="2")
        await desk.order(*"abcd")
        await desk.all_succeeded(4)
        sentence = r"HOMEPORT_WORKER_MEMORY_MB is 20 and has no effect: .* accepted here is \d+ and more"
        assert len(re.findall(sentence, worker.text)) == 1
        assert anew(worker) == 0
        assert worker.terminate() == 0
