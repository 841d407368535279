"""Two workers whose clocks are an hour and two minutes wrong, over one database: no job is stolen from either."""

from __future__ import annotations

import sys
from datetime import timedelta

import pytest

from homeport.runtime.tasks.tables import JobState
from tests.support.job_bench import until
from tests.support.poison_tasks import Dose, database_of, effects, look_at, queue_doses
from tests.support.processes import Installation

pytestmark = [pytest.mark.process, pytest.mark.timeout(240)]

PROGRAM = (sys.executable, "-c", "from tests.support.poison_tasks import main; main()")
COUNT = 16
#: Seconds; a machine that stands still for some of them takes no job from anybody.
LEASE = 12


async def test_workers_whose_clocks_are_wrong_hold_what_they_have_and_take_nothing_from_each_other(
    fleet: Installation,
) -> None:
    fleet.program = PROGRAM
    lease = {"TEST_LEASE": str(LEASE)}
    workers = [fleet.worker(CLOCK_AHEAD="3600", **lease), fleet.worker(CLOCK_AHEAD="-120", **lease)]
    database = database_of(fleet.settings)
    # Longer than a lease, so that each has to be renewed.
    ids = await queue_doses(database, *(Dose(end="none", seconds=LEASE + 1) for _ in range(COUNT)))

    async def all_had() -> bool:
        return await effects(database) == COUNT

    await until(all_had, seconds=120)
    rows = await look_at(database, ids)
    assert {row.state for row in rows} == {JobState.SUCCEEDED}
    assert {row.attempt for row in rows} == {1}, "an attempt more would be one that was stolen"
    assert len({row.leased_by for row in rows}) == 2, "both have worked"
    written = [moment for row in rows for moment in (row.started_at, row.finished_at) if moment is not None]
    assert max(written) - min(written) < timedelta(seconds=90), "they write the same time"
    await database.close()
    for worker in workers:
        assert worker.terminate() == 0
