"""A running job is cancelled from another process, with Redis between them and without."""

from __future__ import annotations

import pytest
from sqlalchemy.engine import make_url

from homeport.runtime.db.columns import new_id
from tests.support.job_bench import until
from tests.support.job_orders import order_desk
from tests.support.processes import Installation
from tests.support.worker_program import SLOW_RENEWAL

pytestmark = [pytest.mark.process, pytest.mark.timeout(240)]


@pytest.fixture(
    params=["redis", pytest.param("rabbitmq", marks=pytest.mark.rabbitmq)], ids=["with_redis", "rabbitmq_alone"]
)
def words(request: pytest.FixtureRequest, redis_url: str) -> dict[str, str]:
    """The broker, and what carries words between processes, if anything does."""
    if request.param == "rabbitmq":
        return {"CELERY_BROKER_URL": request.getfixturevalue("rabbitmq_url")}
    redis = make_url(redis_url)
    return {"CELERY_BROKER_URL": redis_url, "REDIS_HOST": redis.host or "", "REDIS_PORT": str(redis.port)}


async def test_a_job_is_cancelled_on_whichever_replica_it_runs(fleet: Installation, words: dict[str, str]) -> None:
    fleet.settings |= words
    async with order_desk(fleet) as desk:
        replicas = [fleet.worker(CELERY_WORKER_AMOUNT="1", **{SLOW_RENEWAL: "1"}) for _ in range(2)]
        subjects = {name: new_id() for name in "ab"}
        for name, subject in subjects.items():
            await desk.order(name, held=True, subject_id=subject)
        await desk.began(2)
        assert len({note.process for note in desk.notes}) == 2
        for count, subject in enumerate(subjects.values(), start=1):
            async with desk.database.begin() as session:
                await desk.jobs.cancel(session, subject)

            async def cancelled(count: int = count) -> bool:
                return (await desk.states())["cancelled"] == count

            await until(cancelled, 15)
        for replica in replicas:
            assert replica.terminate() == 0
