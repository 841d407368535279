"""The database is away for seconds: everything waits, says so, and goes on; each job has its effect once."""

from __future__ import annotations

import asyncio
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from homeport.runtime.tasks.tables import JobState
from tests.support.house import FIRST, visiting
from tests.support.job_bench import until
from tests.support.poison_tasks import Dose, database_of, effects, look_at, queue_doses
from tests.support.processes import Installation, Process, installation
from tests.support.tcp_proxy import Proxy, proxy_to

pytestmark = [pytest.mark.process, pytest.mark.timeout(240)]

PROGRAM = (sys.executable, "-c", "from tests.support.poison_tasks import main; main()")
COUNT = 48
AWAY_SECONDS = 10
SILENT_SECONDS = 3


@pytest.fixture
def proxy(fleet_settings: dict[str, str]) -> Iterator[Proxy]:
    """Between the processes and PostgreSQL."""
    with proxy_to(fleet_settings["DB_HOST"], int(fleet_settings["DB_PORT"])) as found:
        yield found


@pytest.fixture
def fleet(tmp_path: Path, fleet_settings: dict[str, str], proxy: Proxy) -> Iterator[Installation]:
    """Processes that reach the database through the proxy only."""
    behind = {**fleet_settings, "DB_HOST": "127.0.0.1", "DB_PORT": str(proxy.port)}
    with installation(tmp_path, **behind) as found:
        found.program = PROGRAM
        found.migrate()
        yield found


def readiness(address: str) -> tuple[int, str]:
    """Status, and what is said of the database."""
    answer = httpx.get(f"{address}/health/ready", timeout=15)
    return answer.status_code, answer.json()["checks"]["database"]


async def wait_for_readiness(address: str, status: int) -> str:
    """What is said of the database once it is so."""
    said = ""

    async def there() -> bool:
        nonlocal said
        found, said = await asyncio.to_thread(readiness, address)
        return found == status

    await until(there, seconds=60)
    return said


async def test_the_database_is_away_and_then_silent_while_jobs_run(
    fleet: Installation, fleet_settings: dict[str, str], proxy: Proxy
) -> None:
    api, address = fleet.api()
    worker, beat = fleet.worker(), fleet.beat()
    beat.says("on duty: ")
    async with visiting(address) as visitor:
        await visitor.set_up()
    database = database_of({**fleet_settings, "HOMEPORT_DATA_DIR": str(fleet.folder / "data")})
    ids = await queue_doses(database, *(Dose(end="none", seconds=2) for _ in range(COUNT)))

    async def so_many(least: int) -> bool:
        return await effects(database) >= least

    await until(lambda: so_many(5), seconds=60)
    proxy.cut()
    gone = time.monotonic()
    assert "does not answer: " in await wait_for_readiness(address, 503)
    login = await asyncio.to_thread(httpx.post, f"{address}/console/api/login", json=FIRST, timeout=30)
    assert (login.status_code, login.json()["code"]) == (503, "database_unavailable"), login.text
    await asyncio.sleep(max(gone + AWAY_SECONDS - time.monotonic(), 0))
    assert_waits_in_few_words(api, worker, beat)
    for process, says in ((api, "sweep postponed"), (worker, "leases not renewed"), (beat, "the timetable waits ")):
        assert says in process.text
    proxy.let_through()
    assert await wait_for_readiness(address, 200) == "ok"

    done = await effects(database)
    assert done < COUNT - 10
    await until(lambda: so_many(done + 5), seconds=60)
    proxy.hold()
    assert await wait_for_readiness(address, 503) == "No answer within 3 s."
    await asyncio.sleep(SILENT_SECONDS)
    proxy.let_through()
    assert await wait_for_readiness(address, 200) == "ok"

    await until(lambda: so_many(COUNT), seconds=90)
    rows = await look_at(database, ids)
    assert {row.state for row in rows} == {JobState.SUCCEEDED}
    assert await effects(database) == COUNT
    assert max(row.attempt for row in rows) <= 3
    await database.close()
    assert_waits_in_few_words(api, worker, beat)
    for process in (worker, beat, api):
        assert process.terminate() == 0, process.text[-3000:]


def assert_waits_in_few_words(*processes: Process) -> None:
    for process in processes:
        assert process.popen.poll() is None, process.text[-3000:]
        assert "Traceback" not in process.text, process.text[-5000:]
        about = re.findall(r"does not answer: |TimeoutError|ConnectionRefusedError", process.text)
        assert len(about) <= 20, process.text[-5000:]
