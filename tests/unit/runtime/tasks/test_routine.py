"""What is done again and again goes on whatever one time comes to, and ends when it is told."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from homeport.runtime.ops.outage import Outage
from homeport.runtime.tasks.routine import Routine
from tests.support.job_bench import until


def outage() -> Outage:
    return Outage("it failed", "it goes on")


@pytest.fixture
def reported(monkeypatch: pytest.MonkeyPatch) -> list[BaseException]:
    """What an error tracker is told."""
    told: list[BaseException] = []
    monkeypatch.setattr("homeport.runtime.ops.faults.report", told.append)
    return told


@pytest.mark.parametrize(
    ("error", "ours"), [(OSError("it is away"), False), (KeyError("nobody thought of this"), True)]
)
async def test_an_error_of_any_kind_is_one_line_and_the_next_time_comes(
    error: Exception, ours: bool, reported: list[BaseException]
) -> None:
    times: list[int] = []

    async def step() -> None:
        times.append(len(times))
        if len(times) < 4:
            raise error

    async def often() -> bool:
        return len(times) > 5

    routine = Routine(step, interval=0.001, outage=outage())
    with capture_logs() as said:
        routine.start()
        await until(often)
        await routine.close()
    assert [line["event"] for line in said] == ["it failed", "it goes on"]
    assert said[0]["error"] == str(error)
    assert said[0].get("exc_info") is (error if ours else None), "where the line is that is wrong"
    assert reported == ([error] if ours else [])


async def test_it_ends_at_once_in_a_pause_and_after_the_step_that_runs() -> None:
    ended = []

    async def step() -> None:
        await asyncio.sleep(0.1)
        ended.append(True)

    resting = Routine(step, interval=3600, outage=outage())
    resting.start()
    await asyncio.sleep(0.2)
    async with asyncio.timeout(30):
        await resting.close()
    assert ended == [True]

    working = Routine(step, interval=3600, outage=outage())
    working.start()
    await asyncio.sleep(0)
    await working.close()
    assert ended == [True, True]


async def test_starting_it_twice_is_starting_it_once() -> None:
    times: list[int] = []

    async def step() -> None:
        times.append(1)

    routine = Routine(step, interval=3600, outage=outage())
    routine.start()
    routine.start()
    await asyncio.sleep(0.05)
    await routine.close()
    assert times == [1]


async def test_one_that_is_closed_before_its_start_does_nothing() -> None:
    routine = Routine(asyncio.Event().wait, interval=3600, outage=outage())
    await routine.close()
    async with asyncio.timeout(30):
        await routine.run()
