"""A job that ends its process each time it is run: it becomes a dead letter that says so, and all others are done."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from homeport.runtime.tasks.tables import Job, JobState
from tests.support.poison_tasks import Dose, database_of, ended, look_at, queue_doses
from tests.support.processes import Installation, Process, installation

pytestmark = [pytest.mark.process, pytest.mark.timeout(180)]

PROGRAM = (sys.executable, "-c", "from tests.support.poison_tasks import main; main()")
#: What is queued beside it, the first of them longer than it takes the poison to work.
BESIDE = (Dose(end="none", seconds=1.0), *(Dose(end="none") for _ in range(10)))


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Installation]:
    """One process that knows the poison."""
    with installation(tmp_path) as found:
        found.program = PROGRAM
        yield found


@pytest.fixture
def fleet(tmp_path: Path, fleet_settings: dict[str, str]) -> Iterator[Installation]:
    """Several processes that know it."""
    with installation(tmp_path, **fleet_settings) as found:
        found.program = PROGRAM
        found.migrate()
        yield found


def assert_given_up(poison: Job, others: list[Job]) -> None:
    assert (poison.state, poison.attempt) == (JobState.FAILED, 3)
    assert poison.last_error is not None
    assert poison.last_error.startswith("The worker ")
    assert " was lost in attempt 3 of 3; " in poison.last_error
    assert {job.state for job in others} == {JobState.SUCCEEDED}


async def started_again_until_ended(
    found: Installation, process: Process, ids: list[str], *arguments: str, **settings: str
) -> tuple[Process, int]:
    """As systemd and its like do; answers the last process, and how many there were."""
    database = database_of(found.settings)
    starts = 1
    try:
        async with asyncio.timeout(90):
            while not all(ended(row) for row in await look_at(database, ids)):
                if process.popen.poll() is not None:
                    process.kill()
                    process = found.start(*arguments, **settings)
                    starts += 1
                await asyncio.sleep(0.1)
        rows = await look_at(database, ids)
    except TimeoutError:
        pytest.fail(process.text[-5000:], pytrace=False)
    finally:
        await database.close()
    assert_given_up(rows[0], rows[1:])
    return process, starts


async def queued(found: Installation, *doses: Dose) -> list[str]:
    database = database_of(found.settings)
    ids = await queue_doses(database, *doses)
    await database.close()
    return ids


async def test_poison_does_not_put_the_only_process_into_an_endless_loop_of_crashes(alone: Installation) -> None:
    process, _ = alone.up()
    ids = await queued(alone, Dose(end="exit"), *BESIDE)
    process, starts = await started_again_until_ended(alone, process, ids, "up", "--port", "0")
    assert starts == 4, "one for each attempt, and the one that goes on"
    process.says("Homeport is ready: ")
    shown = alone.start("jobs", "show", ids[0])
    assert shown.popen.wait(60) == 0
    assert " was lost in attempt 3 of 3; its process ended." in " ".join(shown.text.split())
    replayed = alone.start("jobs", "replay", "--yes")
    assert replayed.popen.wait(60) == 0
    assert "1 queued again." in replayed.text
    process.popen.wait(60)
    assert "Traceback" not in process.text


async def test_poison_is_given_up_by_workers_of_threads_that_are_started_again(fleet: Installation) -> None:
    process = fleet.worker()
    ids = await queued(fleet, Dose(end="segfault"), *BESIDE)
    process, starts = await started_again_until_ended(fleet, process, ids, "serve", MODE="worker")
    assert starts == 4
    assert process.terminate() == 0


async def test_poison_is_given_up_by_a_worker_of_processes_that_goes_on(fleet: Installation) -> None:
    prefork = {"MODE": "worker", "CELERY_WORKER_CLASS": "prefork", "CELERY_WORKER_AMOUNT": "2"}
    process = fleet.start("serve", **prefork)
    process.says(" ready.")
    ids = await queued(fleet, Dose(end="kill"), *BESIDE)
    process, starts = await started_again_until_ended(fleet, process, ids, "serve", **prefork)
    assert starts == 1
    assert process.terminate() == 0
