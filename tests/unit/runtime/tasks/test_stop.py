"""Cancelling jobs, and what a worker leaves behind when it stops."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from homeport.runtime.broadcast.local import LocalBroadcast
from homeport.runtime.db.columns import new_id, utc_now
from homeport.runtime.errors import TooManyRequests
from homeport.runtime.tasks import repository
from homeport.runtime.tasks.jobs import Jobs
from homeport.runtime.tasks.run import Runner
from homeport.runtime.tasks.tables import JobState
from homeport.runtime.tasks.task import RunningJob
from homeport.runtime.tasks.watch_stops import StopWatch
from tests.support.job_bench import Bench, Diary, Note, told_to_stop, until, wait_at_gate


async def cancel(bench: Bench, subject_id: str, here: Runner | None = None) -> None:
    async with bench.database.begin() as session:
        await Jobs(bench.hints, told_to_stop(here) if here else None).cancel(session, subject_id)


async def test_a_cancelled_waiting_job_never_starts(bench: Bench) -> None:
    subject = new_id()
    about, other = (
        await bench.enqueue(bench.task(), subject_id=subject),
        await bench.enqueue(bench.task(), "other", subject_id=new_id()),
    )
    await cancel(bench, subject)
    worker = bench.worker()
    assert not await worker.run(about)
    assert await worker.run(other)
    assert (await bench.row(about)).state == JobState.CANCELLED
    assert bench.diary.done == ["other"]


async def test_a_running_job_is_cancelled_at_once_where_it_runs(bench: Bench) -> None:
    subject = new_id()
    job_id = await bench.enqueue(bench.task(wait_at_gate), subject_id=subject)
    worker = bench.worker()
    working = asyncio.create_task(worker.run(job_id))
    await bench.diary.started.wait()
    await cancel(bench, subject, here=worker)
    await working
    assert (await bench.row(job_id)).state == JobState.CANCELLED
    assert bench.diary.done == bench.diary.failed == []


async def test_a_running_job_is_cancelled_from_another_replica(bench: Bench) -> None:
    subject = new_id()
    job_id = await bench.enqueue(bench.task(wait_at_gate), subject_id=subject)
    working = asyncio.create_task(bench.worker(renew_seconds=0.02).run(job_id))
    await bench.diary.started.wait()
    await cancel(bench, subject)
    async with asyncio.timeout(20):
        await working
    assert (await bench.row(job_id)).state == JobState.CANCELLED


async def test_without_words_of_other_processes_a_cancelled_job_is_seen_in_its_row(bench: Bench) -> None:
    subject = new_id()
    job_id = await bench.enqueue(bench.task(wait_at_gate), subject_id=subject)
    worker = bench.worker(renew_seconds=600)
    watch = StopWatch(bench.database, worker, LocalBroadcast(alone=False), interval=0.02)
    watch.start()
    working = asyncio.create_task(worker.run(job_id))
    await bench.diary.started.wait()
    await cancel(bench, subject)
    async with asyncio.timeout(20):
        await working
    await watch.close()
    assert (await bench.row(job_id)).state == JobState.CANCELLED


async def test_rows_are_not_looked_at_while_words_come_or_nothing_runs(sqlite_bench: Bench) -> None:
    bench, looks = sqlite_bench, list[str]()

    class Counted(StopWatch):
        async def look(self) -> None:
            looks.append("look")
            await super().look()

    worker = bench.worker()
    broadcast = LocalBroadcast(alone=True)
    watch = Counted(bench.database, worker, broadcast, interval=0.005)
    watch.start()
    working = asyncio.create_task(worker.run(await bench.enqueue(bench.task(wait_at_gate))))
    await bench.diary.started.wait()
    await asyncio.sleep(0.1)
    assert looks == [], "words come"
    broadcast.alone = False

    async def looked() -> bool:
        return bool(looks)

    await until(looked)
    bench.diary.may_go_on.set()
    await working
    await asyncio.sleep(0.02)
    looks.clear()
    await asyncio.sleep(0.1)
    assert looks == [], "nothing runs"
    await watch.close()


async def test_a_cancelled_job_whose_worker_died_does_not_start_again(bench: Bench) -> None:
    subject = new_id()
    job_id = await bench.enqueue(bench.task(), subject_id=subject)
    await bench.change(job_id, state=JobState.RUNNING, attempt=1, leased_by="dead")
    await cancel(bench, subject)
    await bench.let_lease_run_out(job_id)
    await bench.worker().run(job_id)
    assert (await bench.row(job_id)).state == JobState.CANCELLED
    assert bench.diary.done == []


async def test_a_cancelled_job_that_fails_on_its_way_out_is_not_tried_again(bench: Bench) -> None:
    async def stubborn(diary: Diary, note: Note, job: RunningJob) -> None:
        try:
            await wait_at_gate(diary, note, job)
        except asyncio.CancelledError:
            raise TooManyRequests from None

    subject = new_id()
    job_id = await bench.enqueue(bench.task(stubborn), subject_id=subject)
    worker = bench.worker()
    working = asyncio.create_task(worker.run(job_id))
    await bench.diary.started.wait()
    await cancel(bench, subject, here=worker)
    await working
    await bench.make_due(job_id)
    await worker.run(job_id)
    assert (await bench.row(job_id)).state == JobState.CANCELLED
    assert (await bench.row(job_id)).attempt == 2
    assert bench.diary.done == []


async def test_a_worker_that_stops_hands_its_jobs_back_uncounted_and_due(bench: Bench) -> None:
    job_id = await bench.enqueue(bench.task(wait_at_gate))
    first = bench.worker()
    working = asyncio.create_task(first.run(job_id))
    await bench.diary.started.wait()
    await first.close()
    assert await working
    row = await bench.row(job_id)
    assert (row.state, row.attempt, row.leased_by, row.lease_until) == (JobState.QUEUED, 0, None, None)
    bench.hints.sent.clear()
    assert await bench.sweep().once() == 1
    bench.diary.may_go_on.set()
    assert await bench.worker().run(job_id)
    assert bench.diary.done == ["a"]


async def test_a_worker_that_stops_lets_short_jobs_end(bench: Bench) -> None:
    job_id = await bench.enqueue(bench.task(wait_at_gate))
    worker = bench.worker()
    working = asyncio.create_task(worker.run(job_id))
    await bench.diary.started.wait()
    closing = asyncio.create_task(worker.close(grace=60))
    await asyncio.sleep(0)
    bench.diary.may_go_on.set()
    await closing
    await working
    assert (await bench.row(job_id)).state == JobState.SUCCEEDED


async def test_a_worker_that_stops_takes_no_more_jobs(bench: Bench) -> None:
    job_id = await bench.enqueue(bench.task())
    worker = bench.worker()
    await asyncio.gather(worker.run(job_id), worker.close())
    late = await bench.enqueue(bench.task(), "late")
    assert not await worker.run(late)
    assert (await bench.row(late)).state == JobState.QUEUED
    first = await bench.row(job_id)
    assert (first.state, first.attempt) in {(JobState.QUEUED, 0), (JobState.SUCCEEDED, 1)}


async def test_the_only_process_takes_everything_up_again_when_it_starts(bench: Bench) -> None:
    task = bench.task()
    waiting, running = await bench.enqueue(task, "waiting"), await bench.enqueue(task, "running")
    later = await bench.enqueue(task, "later", run_at=utc_now() + timedelta(hours=1))
    lease = utc_now() + timedelta(minutes=1)
    await bench.change(running, state=JobState.RUNNING, attempt=1, leased_by="killed", lease_until=lease)
    bench.hints.sent.clear()
    async with bench.database.begin() as session:
        assert await repository.release_all(session) == 1
    assert await bench.sweep().once() == 2
    assert {job for _, job in bench.hints.sent} == {waiting, running}
    assert not await bench.worker().run(later)
