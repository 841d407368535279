"""Brokers that come late, lose everything or die: the rows are the truth, and each job has its effect once."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from homeport.features.operate.jobs.find_jobs import find_job
from homeport.runtime.db.database import Database
from homeport.runtime.tasks.tables import JobState
from tests.support.job_bench import until
from tests.support.poison_tasks import Dose, database_of, effects, look_at, queue_doses
from tests.support.processes import Installation, installation
from tests.support.redis_servers import redis_process
from tests.support.servers import empty_redis, free_port

pytestmark = [pytest.mark.process, pytest.mark.timeout(240)]

PROGRAM = (sys.executable, "-c", "from tests.support.poison_tasks import main; main()")
COUNT = 100
DOSES = tuple(Dose(end="none", seconds=0.3) for _ in range(COUNT))


@pytest.fixture
def fleet(tmp_path: Path, fleet_settings: dict[str, str]) -> Iterator[Installation]:
    """Processes that know the tasks of these tests."""
    with installation(tmp_path, **fleet_settings) as found:
        found.program = PROGRAM
        found.migrate()
        yield found


@pytest.fixture
async def database(fleet: Installation) -> AsyncIterator[Database]:
    """That of the fleet."""
    found = database_of(fleet.settings)
    yield found
    await found.close()


async def wait_for_effects(database: Database, least: int) -> None:
    async def there() -> bool:
        return await effects(database) >= least

    await until(there, seconds=90)


async def assert_each_once(database: Database, ids: list[str]) -> None:
    await wait_for_effects(database, len(ids))
    assert {row.state for row in await look_at(database, ids)} == {JobState.SUCCEEDED}
    assert await effects(database) == len(ids)


async def test_a_broker_that_comes_late_is_wiped_and_is_started_again_empty(
    fleet: Installation, database: Database, tmp_path: Path
) -> None:
    port = free_port()
    broker = {"CELERY_BROKER_URL": f"redis://127.0.0.1:{port}/0"}
    api_port = free_port()
    address = f"http://127.0.0.1:{api_port}"
    api = fleet.start("serve", MODE="api", DIFY_BIND_ADDRESS="127.0.0.1", DIFY_PORT=str(api_port), **broker)
    worker = fleet.start("serve", MODE="worker", **broker)
    api.wait_until(lambda: serves(address), "it served although there was no broker")
    missed = (503, "The broker does not answer; jobs wait in the database.")
    api.wait_until(lambda: readiness(address) == missed, "it missed the broker")
    worker.says("Trying again in ")
    ids = await queue_doses(database, *DOSES)

    async def said() -> bool:
        async with database.read() as session:
            reason = (await find_job(session, ids[0])).reason
        return reason == "The workers do not reach the broker; the job waits until they do."

    await until(said, seconds=30)
    assert await effects(database) == 0

    with redis_process(tmp_path / "broker", port=port):
        await wait_for_effects(database, 20)
        empty_redis(f"redis://127.0.0.1:{port}/0")
        await wait_for_effects(database, 50)
    with redis_process(tmp_path / "another", port=port):
        await assert_each_once(database, ids)
        api.wait_until(lambda: readiness(address)[0] == 200, "it found the broker")
        assert worker.terminate() == 0
        assert "Traceback" not in api.text
        assert api.text.count("the broker did not take a hint") <= 5


def readiness(address: str) -> tuple[int, str]:
    """The status, and what is said of jobs."""
    told = httpx.get(f"{address}/health/ready", timeout=15)
    return told.status_code, told.json()["checks"]["jobs"]


def serves(address: str) -> bool:
    with contextlib.suppress(httpx.TransportError):
        return httpx.get(f"{address}/health/startup", timeout=5).status_code == 200
    return False


@pytest.fixture
def virtual_host() -> Iterator[str]:
    """On the RabbitMQ of this machine, removed at the end."""
    if os.geteuid() != 0 or shutil.which("rabbitmqctl") is None:
        pytest.skip("a virtual host of our own on RabbitMQ is made by rabbitmqctl, which works for root only")
    name = f"homeport_faults_{os.getpid()}"
    if rabbitmqctl("add_vhost", name).returncode:
        pytest.skip("RabbitMQ does not run here")
    try:
        assert rabbitmqctl("set_permissions", "-p", name, "guest", ".*", ".*", ".*").returncode == 0
        yield name
    finally:
        rabbitmqctl("delete_vhost", name)


def rabbitmqctl(*words: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["rabbitmqctl", "-q", *words], capture_output=True, timeout=60, check=False)


async def test_a_queue_of_rabbitmq_that_is_purged_loses_no_job(
    fleet: Installation, database: Database, virtual_host: str
) -> None:
    broker = {"CELERY_BROKER_URL": f"amqp://guest:guest@127.0.0.1:5672/{virtual_host}"}
    worker = fleet.worker(**broker)
    ids = await queue_doses(database, *DOSES)
    for least in (10, 40):
        await wait_for_effects(database, least)
        purged = rabbitmqctl("purge_queue", "-p", virtual_host, "mail")
        assert purged.returncode == 0, purged.stderr
    await assert_each_once(database, ids)
    assert worker.terminate() == 0
