"""One process on SQLite is killed while it indexes, and goes on when it is started again."""

from __future__ import annotations

import pytest

from tests.support.house import visiting
from tests.support.indexing import add_documents, take_stock, wait_for_completed
from tests.support.processes import Installation

COUNT = 200


@pytest.mark.process
@pytest.mark.timeout(240)
async def test_a_killed_process_goes_on_where_it_was_and_doubles_nothing(
    alone: Installation, embedding: dict[str, str]
) -> None:
    alone.settings |= embedding
    process, address = alone.up()
    async with visiting(address) as visitor:
        await visitor.set_up()
        dataset_id = await add_documents(visitor, COUNT)
        await wait_for_completed(visitor.console, dataset_id, 20)
    process.kill()

    stock = await take_stock(alone.settings)
    assert 20 <= stock.documents["completed"] < COUNT
    assert stock.jobs["running"] > 0

    process, address = alone.up()
    async with visiting(address) as visitor:
        await visitor.log_in()
        assert await wait_for_completed(visitor.console, dataset_id, COUNT) == COUNT
        shown = (await visitor.console.get("/operate/queues")).json()
        assert len(shown["workers"]) == 1, "the one that was killed is gone"
    assert process.terminate() == 0
    (await take_stock(alone.settings)).assert_each_once(COUNT)
