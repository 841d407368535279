"""A job is done once: whatever happens to its hints and its workers."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from homeport.runtime.db.columns import utc_now
from homeport.runtime.tasks import jobs, line, repository
from homeport.runtime.tasks.controls import QueueControl
from homeport.runtime.tasks.jobs import Jobs
from homeport.runtime.tasks.line import claim_next
from homeport.runtime.tasks.run import LEASE
from homeport.runtime.tasks.tables import JobState
from homeport.runtime.tasks.task import RunningJob
from tests.support.job_bench import Bench, Diary, Note, open_bench, until, wait_at_gate


async def test_of_many_claimers_one_gets_the_job(bench: Bench) -> None:
    job_id = await bench.enqueue(bench.task())
    claimed = await asyncio.gather(*(bench.worker().run(job_id) for _ in range(12)))
    assert sorted(claimed) == [False] * 11 + [True]
    assert bench.diary.done == ["a"]
    row = await bench.row(job_id)
    assert (row.state, row.attempt, row.lease_until) == (JobState.SUCCEEDED, 1, None)
    assert row.finished_at is not None


async def test_many_workers_share_many_jobs_and_do_each_once(bench: Bench) -> None:
    task = bench.task()
    ids = [await bench.enqueue(task, str(number)) for number in range(20)]
    workers = [bench.worker() for _ in range(3)]
    await asyncio.gather(*(worker.run(job_id) for job_id in ids for worker in workers))
    assert sorted(bench.diary.done, key=int) == [str(number) for number in range(20)]


async def test_a_doubled_hint_runs_once(bench: Bench) -> None:
    job_id = await bench.enqueue(bench.task())
    worker = bench.worker()
    assert await worker.run(job_id)
    assert not await worker.run(job_id)
    assert bench.diary.done == ["a"]


async def test_a_hint_of_a_job_that_never_was_does_nothing(bench: Bench) -> None:
    assert not await bench.worker().run("0198c0de-0000-7000-8000-000000000000")


async def test_a_dropped_hint_is_sent_again_by_the_sweep(bench: Bench) -> None:
    job_id = await bench.enqueue(bench.task())
    bench.hints.sent.clear()
    assert await bench.sweep().once() == 0, "a fresh hint is left in peace"
    await bench.change(job_id, hint_at=utc_now() - timedelta(minutes=1))
    assert await bench.sweep().once() == 1
    assert [job for _, job in bench.hints.sent] == [job_id]
    assert await bench.sweep().once() == 0


async def test_sweeps_at_the_same_time_send_each_hint_once(bench: Bench) -> None:
    task = bench.task()
    for number in range(10):
        job_id = await bench.enqueue(task, str(number))
        await bench.change(job_id, hint_at=utc_now() - timedelta(minutes=1))
    bench.hints.sent.clear()
    await asyncio.gather(*(bench.sweep().once() for _ in range(4)))
    # A sweep that meets the locked rows of another leaves them out; what is left over, the next one finds.
    while await bench.sweep().once():
        pass
    ids = [job for _, job in bench.hints.sent]
    assert len(ids) == len(set(ids)) == 10


@pytest.mark.parametrize(("others", "longest"), [(0, 30), (399, 120), (1500, 300)])
async def test_hints_of_a_job_that_waits_in_a_line_thin_out_the_more_the_longer_it_is(
    sqlite_bench: Bench, others: int, longest: int
) -> None:
    bench = sqlite_bench
    task = bench.task()
    job_id = await bench.enqueue(task)
    async with bench.database.begin() as session:
        for _ in range(others):
            await Jobs(bench.hints).enqueue(session, task, Note())
    now = utc_now()
    for waiting, silence in ((10, 10), (25, 25), (3600, longest)):
        await bench.change(job_id, run_at=now - timedelta(seconds=waiting), hint_at=now)
        assert await bench.sweep().once() == 1
        next_hint = (await bench.row(job_id)).hint_at - now
        assert timedelta(seconds=silence) <= next_hint < timedelta(seconds=silence + 8)


async def test_a_held_job_is_left_alone_until_its_lease_runs_out(bench: Bench) -> None:
    job_id = await bench.enqueue(bench.task(wait_at_gate))
    first, second = bench.worker(), bench.worker()
    lost = asyncio.create_task(first.run(job_id))
    await bench.diary.started.wait()
    await bench.change(job_id, hint_at=utc_now() - timedelta(minutes=1))
    assert not await second.run(job_id)
    assert await bench.sweep().once() == 0

    assert first._keeper is not None
    first._keeper.cancel()  # a worker that hangs renews nothing
    await bench.let_lease_run_out(job_id)
    assert await bench.sweep().once() == 1
    bench.diary.may_go_on.set()
    assert await second.run(job_id)
    row = await bench.row(job_id)
    assert (row.state, row.attempt) == (JobState.SUCCEEDED, 2)
    assert await lost


async def test_a_worker_keeps_the_lease_of_a_long_job(bench: Bench) -> None:
    job_id = await bench.enqueue(bench.task(wait_at_gate))
    working = asyncio.create_task(bench.worker(renew_seconds=0.02).run(job_id))
    await bench.diary.started.wait()
    await bench.let_lease_run_out(job_id)

    async def renewed() -> bool:
        lease_until = (await bench.row(job_id)).lease_until
        return lease_until is not None and lease_until > utc_now() + LEASE / 2

    await until(renewed)
    bench.diary.may_go_on.set()
    await working
    assert (await bench.row(job_id)).attempt == 1


async def test_an_attempt_whose_lease_was_taken_is_stopped(bench: Bench) -> None:
    job_id = await bench.enqueue(bench.task(wait_at_gate))
    working = asyncio.create_task(bench.worker(renew_seconds=0.02).run(job_id))
    await bench.diary.started.wait()
    await bench.change(job_id, attempt=2, leased_by="another")
    async with asyncio.timeout(20):
        await working
    row = await bench.row(job_id)
    assert (row.state, row.attempt, row.leased_by) == (JobState.RUNNING, 2, "another")
    assert bench.diary.done == []


async def test_the_last_write_of_an_old_attempt_is_rolled_back(bench: Bench) -> None:
    old, new = asyncio.Event(), asyncio.Event()

    async def write_and_complete(diary: Diary, note: Note, job: RunningJob) -> None:
        if job.attempt == 1:
            old.set()
            await new.wait()
        async with bench.database.begin() as session:
            await repository.set_progress(session, job.id, 2, job.attempt, 9)  # stands for the task's effects
            await job.complete(session)
        diary.done.append(f"attempt {job.attempt}")

    job_id = await bench.enqueue(bench.task(write_and_complete))
    late = asyncio.create_task(bench.worker().run(job_id))
    await old.wait()
    await bench.let_lease_run_out(job_id)
    assert await bench.worker().run(job_id)
    new.set()
    await late
    row = await bench.row(job_id)
    assert bench.diary.done == ["attempt 2"]
    assert (row.state, row.attempt, row.done) == (JobState.SUCCEEDED, 2, 2)
    assert bench.diary.failed == []


async def test_effects_and_the_end_of_a_job_are_one(bench: Bench) -> None:
    async def complete_and_fail_to_commit(diary: Diary, note: Note, job: RunningJob) -> None:
        async with bench.database.begin() as session:
            await job.complete(session)
            diary.done.append("almost")
            if job.attempt == 1:
                raise RuntimeError("the disk is full")

    job_id = await bench.enqueue(bench.task(complete_and_fail_to_commit))
    worker = bench.worker()
    await worker.run(job_id)
    assert (await bench.row(job_id)).state == JobState.QUEUED
    await bench.make_due(job_id)
    await worker.run(job_id)
    assert (await bench.row(job_id)).state == JobState.SUCCEEDED


async def test_progress_is_shown_while_a_job_runs(bench: Bench) -> None:
    async def count(diary: Diary, note: Note, job: RunningJob) -> None:
        await job.progress(3, 10)
        await job.progress(4, 10)  # too soon after the first to be written
        await wait_at_gate(diary, note, job)

    job_id = await bench.enqueue(bench.task(count))
    working = asyncio.create_task(bench.worker().run(job_id))
    await bench.diary.started.wait()
    row = await bench.row(job_id)
    assert (row.done, row.total) in {(3, 10), (4, 10)}
    bench.diary.may_go_on.set()
    await working


@pytest.mark.postgres
async def test_a_claim_does_not_wait_for_the_disk_and_nothing_else_is_so_unhurried(postgres_url: str) -> None:
    async with open_bench(postgres_url) as bench:
        await bench.enqueue(bench.task())
        shown = text("SHOW synchronous_commit")
        async with bench.database.begin() as session:
            usual = (await session.execute(shown)).scalar_one()
            [job] = await claim_next(session, QueueControl("dataset"), "me", LEASE)
            assert (await session.execute(shown)).scalar_one() == "off"
        assert job.attempt == 1
        async with bench.database.begin() as session:
            assert (await session.execute(shown)).scalar_one() == usual != "off"


def test_what_every_job_runs_is_compiled_once() -> None:
    hot: list[Any] = [*line._CLAIM_NEXT.values(), *line._CLAIM_NEXT_ON_POSTGRESQL.values(), jobs._INSERT_IN_LINE]
    hot += [jobs._INSERT, repository._SUCCEED, line._NEXT_TURN]
    assert [str(one) for one in hot if one._generate_cache_key() is None] == []
