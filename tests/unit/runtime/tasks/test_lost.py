"""Jobs that take their worker along: their attempts count, and those beside them get through."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from homeport.runtime.db.columns import utc_now
from homeport.runtime.tasks import lost, repository
from homeport.runtime.tasks.run import Runner
from homeport.runtime.tasks.tables import Job, JobState
from homeport.runtime.tasks.task import RunningJob
from tests.support.job_bench import Bench, Diary, Note, until, wait_at_gate

DATASET = "dataset"


async def lose(bench: Bench, job_id: str, attempt: int, **values: Any) -> None:
    """As after the death of the worker in this attempt."""
    await bench.change(job_id, state=JobState.RUNNING, turn=None, attempt=attempt, leased_by="dead", **values)
    await bench.let_lease_run_out(job_id)


async def _hold(runner: Runner, count: int) -> bool:
    return runner.held == count


async def suspect(bench: Bench, text: str, run: Any = wait_at_gate) -> str:
    """A job that was lost twice and is due again."""
    job_id = await bench.enqueue(bench.task(run), text)
    await lose(bench, job_id, 2)
    await bench.sweep().once()
    await bench.make_due(job_id)
    await bench.sweep().once()
    return job_id


async def test_a_job_lost_once_is_next_and_one_lost_again_waits(bench: Bench) -> None:
    once, again = await bench.enqueue(bench.task()), await bench.enqueue(bench.task())
    await lose(bench, once, 1)
    await lose(bench, again, 2)
    bench.hints.sent.clear()
    before = utc_now()
    await bench.sweep().once()
    after = utc_now()
    assert [job_id for _, job_id in bench.hints.sent] == [once]
    first, second = await bench.row(once), await bench.row(again)
    assert first.turn is not None
    assert second.turn is None
    assert before + timedelta(seconds=0.9) < second.run_at < after + timedelta(seconds=5)
    assert (second.last_error or "").startswith("The worker dead was lost in attempt 2 of 6; its lease ended ")


async def test_of_two_suspects_one_runs_in_a_process_and_the_other_stands_back_uncounted(bench: Bench) -> None:
    runner, other = bench.worker(), bench.worker()
    ids = {await suspect(bench, "a"), await suspect(bench, "b")}
    working = asyncio.create_task(runner.run("any", DATASET))
    await bench.diary.started.wait()
    assert await runner.run("any", DATASET)
    assert runner.held == 1
    rows = {job_id: await bench.row(job_id) for job_id in ids}
    [waiting] = [job_id for job_id in ids if rows[job_id].state == JobState.QUEUED]
    assert (rows[waiting].attempt, rows[waiting].turn) == (2, None)
    assert lost.is_lost(rows[waiting].last_error)

    await bench.make_due(waiting)
    await bench.sweep().once()
    elsewhere = asyncio.create_task(other.run("any", DATASET))
    bench.diary.may_go_on.set()
    assert all(await asyncio.gather(working, elsewhere))
    assert [(await bench.row(job_id)).state for job_id in ids] == [JobState.SUCCEEDED] * 2


async def test_a_suspect_begins_when_those_that_were_taken_with_it_are_put_down(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[list[str]] = []
    postpone = repository.postpone

    async def look_around(_diary: Diary, _note: Note, job: RunningJob) -> None:
        async with bench.database.read() as session:
            seen.append(sorted((await session.execute(select(Job.state))).scalars()))
        async with bench.database.begin() as session:
            await job.complete(session)

    async def slowly(*arguments: Any) -> bool:
        await asyncio.sleep(0.2)
        return await postpone(*arguments)

    monkeypatch.setattr(repository, "postpone", slowly)
    runner = bench.worker()
    for text in "ab":
        await suspect(bench, text, look_around)
    assert await asyncio.gather(*(runner.run("any", DATASET) for _ in range(2))) == [True, True]
    assert seen == [["queued", "running"]]


async def test_a_job_that_failed_in_the_usual_way_is_no_suspect(bench: Bench) -> None:
    runner = bench.worker()
    for text in ("a", "b"):
        job_id = await bench.enqueue(bench.task(wait_at_gate), text)
        await bench.change(job_id, attempt=3, last_error="The model takes no more requests now.")
    working = [asyncio.create_task(runner.run("any", DATASET)) for _ in range(2)]
    await until(lambda: _hold(runner, 2))
    bench.diary.may_go_on.set()
    assert await asyncio.gather(*working) == [True, True]


@pytest.mark.parametrize(("given", "most"), [(5, 10), (1, 1), (12, 12)])
@pytest.mark.parametrize("found_by", ["sweep", "start"])
async def test_workers_that_die_cost_a_job_no_attempt_until_ten_have_died(
    bench: Bench, given: int, most: int, found_by: str
) -> None:
    job_id = await bench.enqueue(bench.task(max_attempts=given))
    for attempt in range(1, most + 1):
        assert bench.diary.failed == []
        await lose(bench, job_id, attempt)
        if found_by == "start":
            async with bench.database.begin() as session:
                await repository.release_all(session)
        else:
            await bench.sweep().once()
    await bench.make_due(job_id)
    await bench.worker().run(job_id)
    [said] = bench.diary.failed
    assert f" was lost in attempt {most} of {most}; " in said
    assert bench.diary.done == []


async def test_a_job_that_ends_the_only_process_at_each_start_is_given_up_and_the_one_beside_it_is_done(
    sqlite_bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = sqlite_bench
    monkeypatch.setattr(lost, "MOST", 3)
    poison = await bench.enqueue(bench.task(max_attempts=3), "poison")
    for attempt in (1, 2, 3):
        await bench.change(poison, state=JobState.RUNNING, turn=None, attempt=attempt, leased_by=f"up-{attempt}")
        async with bench.database.begin() as session:
            assert await repository.release_all(session) == 1
        row = await bench.row(poison)
        assert (row.state, row.attempt) == (JobState.QUEUED, attempt)
        assert row.last_error == f"The worker up-{attempt} was lost in attempt {attempt} of 3; its process ended."
    beside = await bench.enqueue(bench.task(), "beside")
    await bench.sweep().once()
    runner = bench.worker()
    while await runner.run("any", DATASET):
        pass
    row = await bench.row(poison)
    assert (row.state, row.attempt) == (JobState.FAILED, 3)
    assert row.last_error == "The worker up-3 was lost in attempt 3 of 3; its process ended."
    assert bench.diary.done == ["beside"]
    assert (await bench.row(beside)).state == JobState.SUCCEEDED
