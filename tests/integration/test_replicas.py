"""Several replicas of one version start at the same moment on a database of an older one, or with different keys."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from homeport.entry.migrate import current, head, revisions, upgrade_to
from homeport.features.identity.vault import Vault
from homeport.runtime.db.database import Database
from tests.support.chat_app import database_variables
from tests.support.processes import Installation, Process, installation
from tests.support.servers import free_port

pytestmark = [pytest.mark.process, pytest.mark.timeout(240)]

REPLICAS = 5
OLDER = revisions()[0]


@pytest.fixture
def replicas(tmp_path: Path, postgres_url: str) -> Iterator[Installation]:
    """Processes on one PostgreSQL that share nothing else: each has a data directory of its own."""
    with installation(tmp_path, SECRET_KEY="one for all", **database_variables(postgres_url)) as found:
        yield found


def start(found: Installation, **settings: str) -> tuple[Process, str]:
    """An API process that is not waited for, and its address."""
    port = free_port()
    process = found.start(
        "serve",
        MODE="api",
        DIFY_BIND_ADDRESS="127.0.0.1",
        DIFY_PORT=str(port),
        HOMEPORT_DATA_DIR=str(found.folder / f"data-{port}"),
        **settings,
    )
    return process, f"http://127.0.0.1:{port}/health/ready"


def answers(address: str) -> httpx.Response | None:
    try:
        return httpx.get(address, timeout=10)
    except httpx.TransportError:
        return None


def wait_for_ready(process: Process, address: str) -> None:
    def ready() -> bool:
        answer = answers(address)
        return answer is not None and answer.status_code == 200

    process.wait_until(ready, "it was ready", seconds=150)


@pytest.fixture
async def database(postgres_url: str) -> AsyncIterator[Database]:
    """What the replicas work on."""
    found = Database(postgres_url)
    yield found
    await found.close()


async def make_older(database: Database) -> None:
    async with database.engine.connect() as connection:
        await connection.run_sync(upgrade_to, OLDER)
        await connection.commit()


@pytest.mark.parametrize("schema", ["empty", "older"])
async def test_of_replicas_that_start_together_one_migrates_and_all_become_ready(
    replicas: Installation, database: Database, schema: str
) -> None:
    if schema == "older":
        await make_older(database)
    started = [start(replicas) for _ in range(REPLICAS)]
    for process, address in started:
        wait_for_ready(process, address)
    said = [process.text for process, _ in started]
    assert sum("migrating the database" in one for one in said) == 1
    assert sum("database migrated" in one for one in said) == 1
    assert sum("database is up to date" in one for one in said) == REPLICAS - 1
    assert await current(database) == head()
    async with database.read() as session:
        kept = (await session.scalars(text("SELECT key_fingerprint FROM installations"))).all()
    assert kept == [Vault(b"one for all").fingerprint]


async def test_a_migration_that_fails_ends_every_replica_with_the_name_of_the_revision(
    replicas: Installation, database: Database
) -> None:
    await make_older(database)
    async with database.begin() as session:
        await session.execute(text("CREATE TABLE installations (id INTEGER)"))
    started = [start(replicas)[0] for _ in range(2)]
    migration = replicas.start("serve", MODE="migration")
    for process in (*started, migration):
        assert process.popen.wait(120) == 1, process.text
        assert re.search(r"Revision 0002 failed: .*installations", process.text)
        assert "Traceback" not in process.text
    assert await current(database) == OLDER


def test_a_replica_with_another_key_is_not_ready_and_says_which_key_it_needs(replicas: Installation) -> None:
    process, address = start(replicas)
    wait_for_ready(process, address)
    other, elsewhere = start(replicas, SECRET_KEY="another")
    other.wait_until(lambda: answers(elsewhere) is not None, "it answered", seconds=150)
    answer = answers(elsewhere)
    assert answer is not None
    assert answer.status_code == 503
    told = answer.json()["checks"]["secret_key"]
    assert f"has the fingerprint {Vault(b'another').fingerprint}" in told
    assert f"the key of the fingerprint {Vault(b'one for all').fingerprint}." in told
    good = answers(address)
    assert good is not None
    assert good.status_code == 200


def test_a_replica_without_a_key_does_not_start_and_says_how_to_make_one(replicas: Installation) -> None:
    process, _ = start(replicas, SECRET_KEY="")
    assert process.popen.wait(120) == 1
    assert "SECRET_KEY is not set and there is no " in process.text
    assert "openssl rand -base64 42" in process.text
    assert "Traceback" not in process.text


@pytest.mark.parametrize("pool", ["threads", "prefork"])
def test_a_worker_with_another_key_takes_no_job_and_ends_with_the_reason(fleet: Installation, pool: str) -> None:
    right = fleet.worker()
    wrong = fleet.start("serve", MODE="worker", SECRET_KEY="another", CELERY_WORKER_CLASS=pool)
    assert wrong.popen.wait(120) == 1
    assert f"SECRET_KEY has the fingerprint {Vault(b'another').fingerprint}, but this database " in wrong.text
    assert " ready." not in wrong.text
    assert "Traceback" not in wrong.text
    assert right.terminate() == 0
