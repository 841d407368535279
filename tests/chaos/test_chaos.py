"""Whatever dies, and whatever the broker loses or doubles: in the end all is done, once, and nothing is left over.

The short form runs with every commit; `make chaos` runs the long one. HOMEPORT_CHAOS_SEED repeats a run.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.support.chaos_brokers import MortalBroker, mortal_rabbit, mortal_redis
from tests.support.chaos_crew import Crew, Teller, crew_of
from tests.support.chaos_launch import TICK_PERIOD
from tests.support.chaos_plan import chosen_scale, chosen_seed
from tests.support.chaos_run import (
    Chaos,
    assert_contents,
    assert_each_due_time_once,
    assert_other_is_not_kept_waiting,
    read_jobs_and_documents,
    remove_what_was_never_kept,
    work_on,
)
from tests.support.chaos_users import Librarian, librarian_of, make_workspace
from tests.support.chat_app import database_variables
from tests.support.indexing import take_stock
from tests.support.pgvector_server import PgvectorServer
from tests.support.processes import Installation, installation
from tests.support.servers import free_port

pytestmark = [pytest.mark.chaos, pytest.mark.process, pytest.mark.timeout(900)]

_UPLOADS = {"UPLOAD_FILE_BATCH_LIMIT": "500", "BATCH_UPLOAD_LIMIT": "0"}
#: Jobs that run at once: in the one process, or in all workers of the fleet.
_AT_ONCE = 12


async def test_one_process_on_sqlite_that_is_killed_again_and_again_loses_nothing(tmp_path: Path) -> None:
    port = free_port()
    with installation(tmp_path, **_UPLOADS) as found:
        process = found.start("upgrade-db")
        assert process.popen.wait(60) == 0, process.text
        await live_through("sqlite", found, port, None, pauses=(2.5, 5.0))


@pytest.mark.postgres
async def test_a_fleet_on_postgresql_and_redis_loses_nothing(
    tmp_path: Path, postgres_url: str, pgvector_server: PgvectorServer
) -> None:
    with mortal_redis(tmp_path / "broker") as broker:
        variables = fleet_variables(postgres_url, broker, pgvector_server, redis_port=broker.port)
        await live_through_as_fleet("postgresql-redis", tmp_path, variables, broker)


@pytest.mark.postgres
async def test_a_fleet_on_postgresql_and_rabbitmq_loses_nothing(
    tmp_path: Path, postgres_url: str, pgvector_server: PgvectorServer
) -> None:
    with mortal_rabbit(tmp_path / "broker") as broker:
        variables = fleet_variables(postgres_url, broker, pgvector_server)
        await live_through_as_fleet("postgresql-rabbitmq", tmp_path, variables, broker)


@pytest.mark.mysql
async def test_a_fleet_on_mariadb_and_redis_loses_nothing(
    tmp_path: Path, mysql_url: str, pgvector_server: PgvectorServer
) -> None:
    with mortal_redis(tmp_path / "broker") as broker:
        variables = fleet_variables(mysql_url, broker, pgvector_server, redis_port=broker.port)
        await live_through_as_fleet("mariadb-redis", tmp_path, variables, broker)


def fleet_variables(
    database_url: str, broker: MortalBroker, pgvector: PgvectorServer, redis_port: int | None = None
) -> dict[str, str]:
    """What every process of the fleet is given."""
    redis = {} if redis_port is None else {"REDIS_HOST": "127.0.0.1", "REDIS_PORT": str(redis_port)}
    return {
        **_UPLOADS,
        **database_variables(database_url),
        **redis,
        "SQLALCHEMY_POOL_SIZE": "5",
        "SQLALCHEMY_MAX_OVERFLOW": "5",
        "SECRET_KEY": "one key for every process of the fleet",
        "CELERY_BROKER_URL": broker.address,
        "VECTOR_STORE": "pgvector",
        "VECTOR_INDEX_NAME_PREFIX": f"chaos_{broker.port}",
        "PGVECTOR_HOST": pgvector.host,
        "PGVECTOR_PORT": str(pgvector.port),
        "PGVECTOR_USER": "postgres",
        "PGVECTOR_DATABASE": "postgres",
        "MIGRATION_ENABLED": "false",
    }


async def live_through_as_fleet(name: str, folder: Path, variables: dict[str, str], broker: MortalBroker) -> None:
    """One API, workers of threads and of processes, two beats."""
    with installation(folder, **variables) as found:
        found.migrate()
        await live_through(name, found, free_port(), broker, pauses=(0.6, 2.0))


def staff(crew: Crew, port: int, *, fleet: bool) -> None:
    """Start them all."""
    if not fleet:
        crew.add("up", "up", "--port", str(port))
        return
    crew.add("api", "serve", MODE="api", DIFY_BIND_ADDRESS="127.0.0.1", DIFY_PORT=str(port))
    for name in ("worker-1", "worker-2"):
        crew.add(name, "serve", MODE="worker", CELERY_WORKER_AMOUNT="5")
    crew.add("prefork", "serve", MODE="worker", CELERY_WORKER_CLASS="prefork", CELERY_WORKER_AMOUNT="2")
    for name in ("beat-1", "beat-2"):
        crew.add(name, "serve", MODE="beat")


async def live_through(
    name: str, found: Installation, port: int, broker: MortalBroker | None, pauses: tuple[float, float]
) -> None:
    """The whole story, and what must be true at its end."""
    scale, seed, address = chosen_scale(), f"{name} {chosen_seed()}", f"http://127.0.0.1:{port}"
    say = Teller(name)
    say(f"HOMEPORT_CHAOS_SEED={seed.split()[1]}: {scale}")
    owners = [make_workspace(found, email) for email in ("ada@example.org", "grace@example.org")]
    async with crew_of(found, seed, scale.lease, say) as crew:
        staff(crew, port, fleet=broker is not None)
        async with librarian_of(address, owners[0]) as ada, librarian_of(address, owners[1], "economy") as grace:
            chaos = Chaos(crew, found.settings, seed, scale, say, broker)
            await ada.add(range(scale.documents // 2))
            await grace.add([1000])
            say(f"{len(ada.editions)} documents are accepted, and one of another workspace; the killing begins")
            await asyncio.gather(chaos.strike(pauses), work_on(ada, scale, seed, say))
            say("calm")
            await chaos.settle()
            say("everything is done")
        statuses = await crew.leave()
        assert set(statuses.values()) == {0}, statuses
    await judge(chaos, ada, grace)


async def judge(chaos: Chaos, ada: Librarian, grace: Librarian) -> None:
    """Everything once, nothing left over, each due time once, nobody kept waiting."""
    jobs, documents = await read_jobs_and_documents(chaos.variables)
    unkept = await remove_what_was_never_kept(chaos.variables)
    stock = await take_stock(chaos.variables)
    ticks = assert_each_due_time_once(jobs)
    lost = sum(one.attempt > 1 for one in jobs)
    ends = {name: one.own_ends for name, one in chaos.crew.members.items() if one.own_ends}
    chaos.say(f"blows: {dict(chaos.blows)}; jobs: {len(jobs)}, of which {lost} were begun again; ended alone: {ends}")
    chaos.say(f"jobs of the clock, due every {TICK_PERIOD}: {ticks}; most attempts at one job: {stock.most_attempts}")
    chaos.say(f"contents of uploads whose API was killed before they were noted: {unkept}")
    stock.assert_each_once(len(ada.editions) + len(grace.editions))
    assert_contents(stock, ada)
    if not assert_other_is_not_kept_waiting(jobs, documents, ada.dataset_id, grace.dataset_id, _AT_ONCE):
        chaos.say("the other workspace's job was lost once, so its turn tells nothing")
    assert lost > 0, "nothing that was killed had a job"
