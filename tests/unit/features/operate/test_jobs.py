"""What an operator sees of jobs, and what becomes of what he does."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import insert, update

from homeport.features.operate.errors import JobNotFound, QueueUnknown
from homeport.features.operate.jobs.change_jobs import cancel, count_jobs, replay
from homeport.features.operate.jobs.find_jobs import JobFilter, find_job, list_jobs
from homeport.features.operate.jobs.summarize import summarize
from homeport.features.operate.jobs.switch_queue import pause, resume, set_limits
from homeport.runtime.db.columns import new_id, utc_now
from homeport.runtime.errors import HomeportError, Unavailable
from homeport.runtime.tasks import attempt
from homeport.runtime.tasks.jobs import Jobs
from homeport.runtime.tasks.presence import Presence
from homeport.runtime.tasks.queues import Queue
from homeport.runtime.tasks.run import Runner
from homeport.runtime.tasks.tables import Job, JobState
from homeport.runtime.tasks.task import RunningJob
from tests.support.job_bench import Bench, Diary, Note, told_to_stop, wait_at_gate

DATASET = Queue.DATASET


async def reason(bench: Bench, job_id: str) -> str:
    async with bench.database.read() as session:
        return (await find_job(session, job_id)).reason


async def be_present(bench: Bench, runner: Runner, *queues: Queue) -> Presence:
    """The worker says that it lives."""
    presence = Presence(bench.database, runner, kind="worker", version="1", queues=queues or tuple(Queue))
    await presence.say()
    return presence


async def _refuse(_diary: Diary, _note: Note, _job: RunningJob) -> None:
    raise HomeportError("The document is empty.")


async def _be_away(_diary: Diary, _note: Note, _job: RunningJob) -> None:
    raise Unavailable("The embedding provider answers 503.")


async def test_a_waiting_job_says_its_place(bench: Bench) -> None:
    await be_present(bench, bench.worker())
    task = bench.task()
    ids = [await bench.enqueue(task, workspace_id=new_id()) for _ in range(3)]
    assert [await reason(bench, job_id) for job_id in ids] == [f"Position {n} in dataset." for n in (1, 2, 3)]


async def test_a_queue_nobody_reads_is_said(bench: Bench) -> None:
    await be_present(bench, bench.worker(), Queue.MAIL)
    job_id = await bench.enqueue(bench.task())
    assert await reason(bench, job_id) == "No worker reads the queue dataset."


async def test_a_worker_that_does_not_reach_its_broker_reads_nothing_and_the_job_says_so(bench: Bench) -> None:
    answers = False

    async def hears() -> bool:
        return answers

    presence = Presence(bench.database, bench.worker(), kind="worker", version="1", queues=[DATASET], hears=hears)
    await presence.say()
    job_id = await bench.enqueue(bench.task())
    assert await reason(bench, job_id) == "The workers do not reach the broker; the job waits until they do."
    answers = True
    await presence.say()
    assert await reason(bench, job_id) == "Position 1 in dataset."


async def test_a_worker_that_left_or_fell_silent_reads_nothing(bench: Bench) -> None:
    job_id = await bench.enqueue(bench.task())
    presence = await be_present(bench, bench.worker())
    assert await reason(bench, job_id) == "Position 1 in dataset."
    await presence.close()
    assert await reason(bench, job_id) == "No worker reads the queue dataset."


async def test_a_paused_queue_says_by_whom(bench: Bench) -> None:
    job_id = await bench.enqueue(bench.task())
    async with bench.database.begin() as session:
        await pause(session, DATASET, "Ada")
    assert (await reason(bench, job_id)).endswith(" UTC by Ada.")
    async with bench.database.begin() as session:
        await resume(session, bench.hints, DATASET)
    assert bench.hints.sent[-1] == (DATASET, job_id)
    assert await bench.worker().run(job_id, DATASET)


async def test_a_job_that_waits_for_another_attempt_says_why(bench: Bench) -> None:
    job_id = await bench.enqueue(bench.task(_be_away, pause=timedelta(minutes=1)))
    await bench.worker().run(job_id, DATASET)
    said = await reason(bench, job_id)
    assert said.startswith("Attempt 2 of 5 begins at ")
    assert said.endswith("after: The embedding provider answers 503.")


async def test_a_failed_job_says_its_error_and_is_replayed_with_all_attempts(bench: Bench) -> None:
    job_id = await bench.enqueue(bench.task(_refuse))
    runner = bench.worker()
    await runner.run(job_id, DATASET)
    assert await reason(bench, job_id) == "The document is empty."
    bench.hints.sent.clear()
    async with bench.database.begin() as session:
        assert (await replay(session, bench.hints, JobFilter(states=(JobState.FAILED,)))).count == 1
    row = await bench.row(job_id)
    assert (row.state, row.attempt, row.finished_at) == (JobState.QUEUED, 0, None)
    assert bench.hints.sent == [(DATASET, job_id)]
    assert await runner.run(job_id, DATASET)


async def test_a_retry_does_not_wait_for_the_pause(bench: Bench) -> None:
    job_id = await bench.enqueue(bench.task(_be_away, pause=timedelta(minutes=1)))
    runner = bench.worker()
    await runner.run(job_id, DATASET)
    assert not await runner.run(job_id, DATASET)
    async with bench.database.begin() as session:
        assert (await replay(session, bench.hints, JobFilter(ids=(job_id,)))).count == 1
    assert await runner.run(job_id, DATASET)


async def test_done_and_running_jobs_are_not_replayed(bench: Bench) -> None:
    done = await bench.enqueue(bench.task())
    runner = bench.worker()
    await runner.run(done, DATASET)
    held = await bench.enqueue(bench.task(wait_at_gate))
    working = asyncio.create_task(runner.run(held, DATASET))
    await bench.diary.started.wait()
    async with bench.database.begin() as session:
        assert (await replay(session, bench.hints, JobFilter(ids=(done, held)))).count == 0
    bench.diary.may_go_on.set()
    await working


async def test_a_replay_of_ten_thousand_touches_each_once_though_all_fail_again(bench: Bench) -> None:
    wanted = JobFilter(states=(JobState.FAILED,))
    now = utc_now()
    rows = [
        {"queue": DATASET, "task": "test._refuse", "payload": {}, "state": JobState.FAILED, "attempt": 5}
        | {"last_error": "The document is empty.", "finished_at": now, "run_at": now, "hint_at": now}
        for _ in range(10_000)
    ]
    async with bench.database.begin() as session:
        await session.execute(insert(Job), rows)
    pages, after = [], None
    while True:
        async with bench.database.begin() as session:
            done = await replay(session, bench.hints, wanted, after=after)
        if not done.count:
            break
        pages.append(done.count)
        after = done.last
        async with bench.database.begin() as session:  # they fail again at once
            again = update(Job).where(Job.state == JobState.QUEUED)
            await session.execute(again.values(state=JobState.FAILED, turn=None))
    assert pages == [500] * 20
    assert len({job_id for _, job_id in bench.hints.sent}) == len(bench.hints.sent) == 10_000


async def test_cancelling_what_has_ended_or_was_cancelled_changes_nothing(bench: Bench) -> None:
    worker = bench.worker()
    done = await bench.enqueue(bench.task())
    assert await worker.run(done, DATASET)
    waiting = await bench.enqueue(bench.task(), "waiting")
    wanted = JobFilter(ids=(done, waiting))
    for changed in (1, 0):
        async with bench.database.begin() as session:
            assert await cancel(session, Jobs(bench.hints), wanted) == changed
    assert (await bench.row(done)).state == JobState.SUCCEEDED
    first = await bench.row(waiting)
    assert first.state == JobState.CANCELLED
    assert not await worker.run(waiting, DATASET)


async def test_a_lost_job_without_an_attempt_left_says_that_it_is_given_up(bench: Bench) -> None:
    worker = bench.worker()
    await be_present(bench, worker)
    job_id = await bench.enqueue(bench.task(max_attempts=1))
    await bench.change(job_id, state=JobState.RUNNING, turn=None, attempt=1, leased_by="dead")
    await bench.let_lease_run_out(job_id)
    await bench.sweep().once()
    said = await reason(bench, job_id)
    assert said.startswith(
        "It has had all its attempts and is given up at its turn, after: The worker dead was lost in attempt 1 of 1; "
    )
    await worker.run(job_id, DATASET)
    assert (await reason(bench, job_id)).startswith("The worker dead was lost in attempt 1 of 1; its lease ended ")
    async with bench.database.begin() as session:
        assert (await replay(session, bench.hints, JobFilter(ids=(job_id,)))).count == 1
    assert await worker.run(job_id, DATASET)
    assert (await bench.row(job_id)).state == JobState.SUCCEEDED


async def test_a_job_in_a_queue_of_a_newer_version_is_in_sight_and_says_so(bench: Bench) -> None:
    await be_present(bench, bench.worker())
    job_id = await bench.enqueue(bench.task())
    await bench.change(job_id, queue="of_tomorrow")
    assert await reason(bench, job_id) == (
        "No worker reads the queue of_tomorrow; this version does not know it, so a newer one queued the job."
    )
    async with bench.database.read() as session:
        last = (await summarize(session)).queues[-1]
    assert (last.queue, last.waiting, last.workers) == ("of_tomorrow", 1, 0)


async def test_a_job_of_an_unknown_task_says_that_it_waits_for_a_newer_worker(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempt, "_ASK_AGAIN", (timedelta(minutes=1), timedelta(minutes=2)))
    job_id = await bench.enqueue(bench.task())
    await bench.change(job_id, task="test.of_tomorrow")
    await bench.worker().run(job_id, DATASET)
    said = await reason(bench, job_id)
    assert said.startswith("It is tried again at ")
    assert "after: The task 'test.of_tomorrow' is unknown to this version" in said


async def test_waiting_jobs_are_cancelled_at_once_and_running_ones_are_stopped(bench: Bench) -> None:
    task, runner = bench.task(wait_at_gate), bench.worker()
    running = await bench.enqueue(task)
    working = asyncio.create_task(runner.run(running, DATASET))
    await bench.diary.started.wait()
    waiting = await bench.enqueue(task)
    async with bench.database.begin() as session:
        assert await cancel(session, Jobs(bench.hints, told_to_stop(runner)), JobFilter(queues=(DATASET,))) == 2
    await working
    assert {(await bench.row(job_id)).state for job_id in (running, waiting)} == {JobState.CANCELLED}
    assert not await runner.run("any", DATASET)


async def test_filters_choose_and_pages_follow_each_other(bench: Bench) -> None:
    task, mine = bench.task(), new_id()
    ids = [await bench.enqueue(task, workspace_id=mine) for _ in range(3)]
    await bench.enqueue(task, workspace_id=new_id())
    wanted = JobFilter(workspace_id=mine, since=utc_now() - timedelta(minutes=1), task=task.name)
    async with bench.database.read() as session:
        assert await count_jobs(session, wanted) == 3
        first, more = await list_jobs(session, wanted, limit=2)
        second, no_more = await list_jobs(session, wanted, limit=2, before=first[-1].id)
    assert ([item.id for item in first], more) == ([ids[2], ids[1]], True)
    assert ([item.id for item in second], no_more) == ([ids[0]], False)


async def test_an_error_is_searched_for_as_it_is_written(bench: Bench) -> None:
    job_id = await bench.enqueue(bench.task(_refuse))
    await bench.worker().run(job_id, DATASET)
    async with bench.database.read() as session:
        assert await count_jobs(session, JobFilter(error="is empty")) == 1
        assert await count_jobs(session, JobFilter(error="is%empty")) == 0


async def test_an_unknown_job_is_one_sentence(sqlite_bench: Bench) -> None:
    async with sqlite_bench.database.read() as session:
        with pytest.raises(JobNotFound, match="There is no job"):
            await find_job(session, new_id())


async def test_an_unknown_queue_is_refused_with_what_was_meant(sqlite_bench: Bench) -> None:
    async with sqlite_bench.database.begin() as session:
        with pytest.raises(QueueUnknown, match=r"accepted are priority_dataset, .*Did you mean mail\?"):
            await pause(session, "mial", "Ada")


async def test_limits_are_set_one_by_one_and_taken_away(sqlite_bench: Bench) -> None:
    bench = sqlite_bench
    async with bench.database.begin() as session:
        await set_limits(session, bench.hints, Jobs(bench.hints), DATASET, {"at_once": 5, "per_minute": 60})
    async with bench.database.begin() as session:
        await set_limits(session, bench.hints, Jobs(bench.hints), DATASET, {"per_minute": None})
    async with bench.database.read() as session:
        [state] = [queue for queue in (await summarize(session)).queues if queue.queue == DATASET]
    assert (state.at_once, state.per_minute) == (5, None)


async def test_a_summary_counts_each_state_and_draws_the_last_hour(bench: Bench) -> None:
    runner = bench.worker()
    await be_present(bench, runner)
    good, bad = bench.task(), bench.task(_refuse)
    for task in (good, good, bad):
        await runner.run(await bench.enqueue(task), DATASET)
    earlier = await bench.enqueue(good)
    await runner.run(earlier, DATASET)
    await bench.change(earlier, finished_at=utc_now() - timedelta(minutes=10, seconds=30))
    await bench.enqueue(good)
    await bench.enqueue(good, run_at=utc_now() + timedelta(hours=1))
    async with bench.database.read() as session:
        summary = await summarize(session)
    [state] = [queue for queue in summary.queues if queue.queue == DATASET]
    assert (state.waiting, state.scheduled, state.failed, state.done_last_hour, state.workers) == (1, 1, 1, 3, 1)
    assert [len(summary.succeeded), summary.succeeded[49], sum(summary.succeeded)] == [60, 1, 3]
    assert sum(summary.failed) == 1
    assert [(worker.name, worker.alive) for worker in summary.workers] == [(runner.worker, True)]
    assert len(summary.queues) == 16
