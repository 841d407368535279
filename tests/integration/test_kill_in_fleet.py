"""Workers and the API of a fleet are killed while documents are indexed; what is left of the fleet goes on."""

from __future__ import annotations

import pytest

from tests.support.house import visiting
from tests.support.indexing import add_documents, take_stock, wait_for_completed
from tests.support.processes import Installation

COUNT = 200


@pytest.mark.process
@pytest.mark.timeout(240)
async def test_a_killed_worker_and_a_killed_api_lose_and_double_nothing(
    fleet: Installation, embedding: dict[str, str]
) -> None:
    fleet.settings |= embedding
    api, address = fleet.api()
    first, second = fleet.worker(), fleet.worker()
    async with visiting(address) as visitor:
        await visitor.set_up()
        dataset_id = await add_documents(visitor, COUNT)
        await wait_for_completed(visitor.console, dataset_id, 10)
    first.kill()
    api.kill()

    stock = await take_stock(fleet.settings)
    assert stock.documents["completed"] < COUNT
    assert stock.jobs["running"] > 0

    _, address = fleet.api()
    async with visiting(address) as visitor:
        await visitor.log_in()
        # What the killed worker held is taken up when its leases have run out, 30 seconds after their last renewal.
        assert await wait_for_completed(visitor.console, dataset_id, COUNT, seconds=150) == COUNT
    assert second.terminate() == 0
    (await take_stock(fleet.settings)).assert_each_once(COUNT)
