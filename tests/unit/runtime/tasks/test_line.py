"""Whose turn it is: fair between workspaces, as the operator has it, on every engine."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from homeport.features.operate.jobs.switch_queue import set_limits
from homeport.runtime.broadcast.local import LocalBroadcast
from homeport.runtime.db.columns import new_id, utc_now
from homeport.runtime.tasks.controls import change_control, read_controls
from homeport.runtime.tasks.jobs import LIMITS_CHANGED, Jobs
from homeport.runtime.tasks.queues import Queue
from homeport.runtime.tasks.run import Runner
from homeport.runtime.tasks.settings import CelerySettings
from homeport.runtime.tasks.tables import JobState
from homeport.runtime.tasks.task import RunningJob
from tests.support.job_bench import Bench, Diary, Note, until, wait_at_gate

DATASET = "dataset"


async def drain(runner: Runner, times: int) -> list[bool]:
    """What so many hints for the queue came to."""
    return [await runner.run("any", DATASET) for _ in range(times)]


async def set_control(bench: Bench, **values: object) -> None:
    """As `homeport jobs` does."""
    async with bench.database.begin() as session:
        await change_control(session, DATASET, **values)


async def test_jobs_of_one_workspace_run_in_order(bench: Bench) -> None:
    task, workspace = bench.task(), new_id()
    for number in range(5):
        await bench.enqueue(task, str(number), workspace_id=workspace)
    assert await drain(bench.worker(), 6) == [True] * 5 + [False]
    assert bench.diary.done == list("01234")


async def test_a_workspace_with_a_thousand_jobs_does_not_hold_up_another(bench: Bench) -> None:
    task, large, small = bench.task(), new_id(), new_id()
    for number in range(30):
        await bench.enqueue(task, f"large {number}", workspace_id=large)
    runner = bench.worker()
    await drain(runner, 10)
    await bench.enqueue(task, "small 0", workspace_id=small)
    await bench.enqueue(task, "small 1", workspace_id=small)
    await drain(runner, 4)
    assert sorted(bench.diary.done[10:]) == ["large 10", "large 11", "small 0", "small 1"]


async def test_who_comes_later_does_not_overtake_those_of_another_who_wait_longer(bench: Bench) -> None:
    task, first, second = bench.task(), new_id(), new_id()
    await bench.enqueue(task, "first", workspace_id=first)
    for number in range(3):
        await bench.enqueue(task, f"second {number}", workspace_id=second)
    await drain(bench.worker(), 2)
    assert bench.diary.done == ["first", "second 0"]


async def test_a_paused_queue_gives_nothing_and_goes_on_when_resumed(bench: Bench) -> None:
    await bench.enqueue(bench.task())
    await set_control(bench, paused_at=utc_now(), paused_by="ann@example.org")
    runner = bench.worker()
    assert await drain(runner, 2) == [False, False]
    await set_control(bench, paused_at=None, paused_by=None)
    assert await drain(runner, 2) == [True, False]


async def test_no_more_jobs_run_at_once_than_the_queue_allows(bench: Bench) -> None:
    await set_control(bench, at_once=2)
    task = bench.task(wait_at_gate)
    for number in range(4):
        await bench.enqueue(task, str(number))
    runner = bench.worker()
    working = [asyncio.create_task(runner.run("any", DATASET)) for _ in range(2)]
    await until(lambda: _running(bench, 2))
    assert await drain(runner, 2) == [False, False]
    bench.hints.sent.clear()
    bench.diary.may_go_on.set()
    assert await asyncio.gather(*working) == [True, True]
    # Each end is told, so that those who were refused come again.
    assert [queue for queue, _ in bench.hints.sent] == [DATASET] * 2
    assert await drain(runner, 3) == [True, True, False]


async def _running(bench: Bench, wanted: int) -> bool:
    return bench.workers[0].held == wanted


async def test_a_workspace_at_its_limit_lets_the_next_one_pass(bench: Bench) -> None:
    await set_control(bench, per_workspace=1)
    busy, other = new_id(), new_id()
    gate = bench.task(wait_at_gate)
    await bench.enqueue(gate, "busy 0", workspace_id=busy)
    runner = bench.worker()
    working = asyncio.create_task(runner.run("any", DATASET))
    await bench.diary.started.wait()
    quick = bench.task()
    await bench.enqueue(quick, "busy 1", workspace_id=busy)
    await bench.enqueue(quick, "other", workspace_id=other)
    assert await drain(runner, 2) == [True, False]
    assert bench.diary.done == ["other"]
    bench.diary.may_go_on.set()
    assert await working
    assert await drain(runner, 1) == [True]


async def test_the_limit_of_a_workspace_in_the_settings_holds_until_an_operator_sets_another(bench: Bench) -> None:
    usual = CelerySettings(tenant_isolated_task_concurrency=1).per_workspace
    busy = new_id()
    gate, quick = bench.task(wait_at_gate), bench.task()
    await bench.enqueue(gate, "first", workspace_id=busy)
    runner = bench.worker(per_workspace=usual)
    working = asyncio.create_task(runner.run("any", DATASET))
    await bench.diary.started.wait()
    for text in ("second", "third"):
        await bench.enqueue(quick, text, workspace_id=busy)
    assert await drain(runner, 1) == [False]
    await set_control(bench, per_workspace=2)
    assert await drain(bench.worker(per_workspace=usual), 1) == [True]
    await set_control(bench, per_workspace=None)
    assert await drain(bench.worker(per_workspace=usual), 1) == [False], "without the operator's it holds again"
    assert await drain(bench.worker(), 1) == [True], "unset it is none"
    bench.diary.may_go_on.set()
    assert await working


async def test_a_job_waits_in_the_queue_that_was_chosen_for_it(bench: Bench) -> None:
    task = bench.task()
    job_id = await bench.enqueue(task, queue=Queue.PRIORITY_DATASET)
    assert bench.hints.sent == [(Queue.PRIORITY_DATASET, job_id)]
    runner = bench.worker()
    assert not await runner.run("any", Queue.DATASET)
    assert await runner.run("any", Queue.PRIORITY_DATASET)
    assert (await bench.row(job_id)).state == JobState.SUCCEEDED


async def test_a_rate_spreads_jobs_over_the_minute(bench: Bench) -> None:
    await set_control(bench, per_minute=6)
    task = bench.task()
    for number in range(2):
        await bench.enqueue(task, str(number))
    runner = bench.worker()
    assert await drain(runner, 3) == [True, False, False]
    async with bench.database.read() as session:
        next_at = (await read_controls(session))[DATASET].next_at
    assert next_at is not None
    assert timedelta(seconds=5) < next_at - utc_now() <= timedelta(seconds=10)
    await set_control(bench, next_at=utc_now() - timedelta(seconds=1))
    assert await drain(runner, 1) == [True]


async def test_who_came_too_early_for_the_rate_is_told_when_it_is_time(sqlite_bench: Bench) -> None:
    bench = sqlite_bench
    await set_control(bench, per_minute=600)
    task = bench.task()
    for number in range(3):
        await bench.enqueue(task, str(number))
    runner = bench.worker()
    await drain(runner, 3)
    while len(bench.diary.done) < 3:
        await until(lambda: _hinted(bench))
        bench.hints.sent.clear()
        await drain(runner, 1)
    assert sorted(bench.diary.done) == list("012")


async def _hinted(bench: Bench) -> bool:
    return bool(bench.hints.sent)


async def test_a_job_for_later_joins_the_line_when_it_is_due(bench: Bench) -> None:
    job_id = await bench.enqueue(bench.task(), run_at=utc_now() + timedelta(hours=1))
    runner, sweep = bench.worker(), bench.sweep()
    assert await sweep.once() == 0
    assert await drain(runner, 1) == [False]
    await bench.make_due(job_id)
    assert await sweep.once() == 1
    assert await drain(runner, 1) == [True]


async def test_a_job_whose_worker_was_lost_is_next_and_says_so(bench: Bench) -> None:
    lost = bench.worker()
    first = await bench.enqueue(bench.task(wait_at_gate), "first")
    working = asyncio.create_task(lost.run("any", DATASET))
    await bench.diary.started.wait()
    await bench.enqueue(bench.task(), "second")
    await bench.let_lease_run_out(first)
    assert await bench.sweep().once() == 1
    row = await bench.row(first)
    assert row.state == JobState.QUEUED
    assert row.last_error is not None
    assert row.last_error.startswith(f"The worker {lost.worker} was lost in attempt 1 of 6")
    other = bench.worker()
    bench.diary.may_go_on.set()
    assert await other.run("any", DATASET)
    assert (await bench.row(first)).state == JobState.SUCCEEDED
    await working


async def test_a_job_that_is_handed_back_stands_first_and_loses_no_attempt(bench: Bench) -> None:
    leaving = bench.worker()
    first = await bench.enqueue(bench.task(wait_at_gate), "first")
    working = asyncio.create_task(leaving.run("any", DATASET))
    await bench.diary.started.wait()
    await bench.enqueue(bench.task(), "second")
    await leaving.close()
    await working
    bench.diary.may_go_on.set()
    assert await drain(bench.worker(), 2) == [True, True]
    assert bench.diary.done == ["first", "second"]
    assert (await bench.row(first)).attempt == 1


async def test_a_changed_limit_holds_at_once_where_its_word_comes(bench: Bench) -> None:
    task, worker = bench.task(), bench.worker()
    for number in range(4):
        await bench.enqueue(task, str(number))
    assert await drain(worker, 1) == [True], "what is set for the queue is remembered from here on"
    broadcast = LocalBroadcast()
    broadcast.listen(LIMITS_CHANGED, worker.forget_limits)
    async with bench.database.begin() as session:
        await set_limits(session, bench.hints, Jobs(bench.hints, broadcast), DATASET, {"per_minute": 1})
    assert await drain(worker, 3) == [True, False, False]


async def test_many_workers_at_once_take_each_job_once(bench: Bench) -> None:
    task = bench.task()
    for number in range(40):
        await bench.enqueue(task, str(number), workspace_id=new_id())
    runners = [bench.worker() for _ in range(4)]
    await asyncio.gather(*(drain(runner, 15) for runner in runners))
    await drain(runners[0], 40)
    assert sorted(bench.diary.done) == sorted(str(number) for number in range(40))


async def _for_ever(_diary: Diary, _note: Note, _job: RunningJob) -> None:
    await asyncio.Event().wait()


@pytest.mark.parametrize(("attempts", "state"), [(1, JobState.FAILED), (2, JobState.QUEUED)])
async def test_a_job_that_takes_longer_than_its_limit_is_stopped(
    sqlite_bench: Bench, attempts: int, state: JobState
) -> None:
    bench = sqlite_bench
    task = bench.task(_for_ever, time_limit=timedelta(seconds=0.05), max_attempts=attempts)
    job_id = await bench.enqueue(task)
    await bench.worker().run(job_id, DATASET)
    row = await bench.row(job_id)
    assert (row.state, row.last_error) == (state, f"This took longer than its limit of {0.05 / 60:g} minutes.")
