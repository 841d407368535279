"""What becomes of a job that fails: another attempt after a pause, or one sentence for a person."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from homeport.runtime.db.columns import utc_now
from homeport.runtime.errors import Conflict, TooManyRequests
from homeport.runtime.tasks.queues import Queue
from homeport.runtime.tasks.tables import JobState
from homeport.runtime.tasks.task import RunningJob, Task
from tests.support.job_bench import Bench, Diary, Note, write_down


class Strict(Note):
    """A note that must have its text."""

    text: str


async def test_a_temporary_error_is_tried_again_after_growing_pauses(bench: Bench) -> None:
    async def too_many(diary: Diary, note: Note, job: RunningJob) -> None:
        if job.attempt < 4:
            raise TooManyRequests("The model takes no more requests now.")
        diary.done.append("at last")

    job_id = await bench.enqueue(bench.task(too_many, pause=timedelta(seconds=10)))
    worker = bench.worker()
    for attempt, seconds in ((1, 10), (2, 20), (3, 40)):
        before = utc_now()
        assert await worker.run(job_id)
        row = await bench.row(job_id)
        assert (row.state, row.attempt) == (JobState.QUEUED, attempt)
        assert row.last_error == "The model takes no more requests now."
        assert row.run_at - before >= timedelta(seconds=seconds * 0.8)
        assert row.run_at - utc_now() <= timedelta(seconds=seconds * 1.2)
        assert not await worker.run(job_id), "it is not due yet"
        await bench.make_due(job_id)
    assert await worker.run(job_id)
    row = await bench.row(job_id)
    assert (row.state, row.last_error) == (JobState.SUCCEEDED, None)
    assert bench.diary.failed == []


async def test_another_attempt_is_hinted_when_its_pause_is_over(bench: Bench) -> None:
    async def always(_diary: Diary, _note: Note, _job: RunningJob) -> None:
        raise TooManyRequests

    job_id = await bench.enqueue(bench.task(always))
    await bench.worker().run(job_id)
    row = await bench.row(job_id)
    assert row.hint_at == row.run_at


async def test_after_the_last_attempt_the_task_is_told(bench: Bench) -> None:
    async def always(_diary: Diary, _note: Note, _job: RunningJob) -> None:
        raise TooManyRequests("The model takes no more requests now.")

    job_id = await bench.enqueue(bench.task(always, max_attempts=2))
    worker = bench.worker()
    await worker.run(job_id)
    assert bench.diary.failed == []
    await bench.make_due(job_id)
    await worker.run(job_id)
    assert bench.diary.failed == ["The model takes no more requests now."]
    row = await bench.row(job_id)
    assert (row.state, row.attempt) == (JobState.FAILED, 2)


async def test_an_error_that_will_not_pass_fails_at_once(bench: Bench) -> None:
    async def wrong(_diary: Diary, _note: Note, _job: RunningJob) -> None:
        raise Conflict("The file is encrypted.", hint="Upload it without a password.")

    job_id = await bench.enqueue(bench.task(wrong))
    await bench.worker().run(job_id)
    assert bench.diary.failed == ["The file is encrypted. Upload it without a password."]
    assert (await bench.row(job_id)).state == JobState.FAILED


async def test_a_fault_of_ours_is_tried_again_and_its_details_stay_in_the_log(bench: Bench) -> None:
    async def broken(_diary: Diary, _note: Note, _job: RunningJob) -> None:
        raise KeyError("s3cret")

    job_id = await bench.enqueue(bench.task(broken, max_attempts=2))
    worker = bench.worker()
    await worker.run(job_id)
    assert (await bench.row(job_id)).state == JobState.QUEUED
    await bench.make_due(job_id)
    await worker.run(job_id)
    assert (await bench.row(job_id)).state == JobState.FAILED
    [sentence] = bench.diary.failed
    assert "KeyError" in sentence
    assert "s3cret" not in sentence


async def test_a_fault_while_the_task_is_told_does_not_keep_the_job_unfinished(bench: Bench) -> None:
    async def wrong(_diary: Diary, _note: Note, _job: RunningJob) -> None:
        raise Conflict("The file is encrypted.")

    async def broken(_diary: Diary, _note: Note, _session: AsyncSession, _sentence: str) -> None:
        raise RuntimeError("no such document")

    job_id = await bench.enqueue(bench.task(wrong, failed=broken))
    await bench.worker().run(job_id)
    row = await bench.row(job_id)
    assert (row.state, row.last_error) == (JobState.FAILED, "The file is encrypted.")


async def test_an_unknown_task_waits_for_a_worker_that_knows_it(bench: Bench) -> None:
    task = bench.task()
    job_id = await bench.enqueue(task)
    await bench.change(job_id, task="test.of_tomorrow")
    await bench.worker().run(job_id)
    row = await bench.row(job_id)
    assert row.state == JobState.QUEUED
    assert row.attempt == 0, "another worker may know it: this was none"
    assert row.last_error == (
        "The task 'test.of_tomorrow' is unknown to this version, which knows test.write_down. "
        "A newer version queued it: upgrade every process, then replay it."
    )
    await bench.change(job_id, task=task.name)
    await bench.make_due(job_id)
    assert await bench.worker().run(job_id)
    assert (await bench.row(job_id)).state == JobState.SUCCEEDED


async def test_a_task_that_stays_unknown_fails_in_the_end_and_holds_up_nobody(bench: Bench) -> None:
    task = bench.task()
    job_id = await bench.enqueue(task)
    await bench.change(job_id, task="test.of_tomorrow", created_at=utc_now() - timedelta(hours=2))
    worker = bench.worker()
    assert await worker.run("any", "dataset")
    row = await bench.row(job_id)
    assert (row.state, row.attempt) == (JobState.QUEUED, 1)
    assert row.run_at - utc_now() > timedelta(seconds=40), "each attempt leaves time to mend it"
    other = await bench.enqueue(task)
    assert await worker.run("any", "dataset")
    assert (await bench.row(other)).state == JobState.SUCCEEDED
    await bench.change(job_id, attempt=row.max_attempts - 1)
    await bench.make_due(job_id)
    assert await worker.run(job_id)
    row = await bench.row(job_id)
    assert row.state == JobState.FAILED
    assert row.last_error is not None
    assert row.last_error.startswith("The task 'test.of_tomorrow' is unknown to this version")


async def test_a_payload_of_another_shape_fails_with_what_is_wrong_with_it(bench: Bench) -> None:
    job_id = await bench.enqueue(bench.task())
    await bench.change(job_id, payload={"text": {"secret": "s3cret"}})
    await bench.worker().run(job_id)
    row = await bench.row(job_id)
    assert row.state == JobState.FAILED
    assert row.last_error == (
        "The payload of test.write_down is not what this version expects (text: Input should be a valid string)."
    )


@pytest.mark.parametrize(
    ("payload", "problem"),
    [
        ({"text": ["a"]}, "text: Input should be a valid string"),
        ({"pages": 3}, "text: Field required"),
        (["a"], "all of it: Input should be a valid dictionary or instance of Strict"),
    ],
)
async def test_a_payload_of_a_newer_version_that_does_not_fit_is_a_dead_letter_and_others_go_on(
    sqlite_bench: Bench, payload: object, problem: str
) -> None:
    bench = sqlite_bench
    strict = Task("test.strict", Queue.DATASET, Strict, write_down)
    bench.registry.add([strict], bench.diary)
    job_id, other = await bench.enqueue(bench.task()), await bench.enqueue(bench.task(), "other")
    await bench.change(job_id, task=strict.name, payload=payload)
    worker = bench.worker()
    assert await worker.run("any", "dataset")
    row = await bench.row(job_id)
    assert (row.state, row.attempt) == (JobState.FAILED, 1)
    assert row.last_error == f"The payload of test.strict is not what this version expects ({problem})."
    assert await worker.run("any", "dataset")
    assert (await bench.row(other)).state == JobState.SUCCEEDED


async def test_a_field_that_only_a_newer_version_knows_is_ignored(bench: Bench) -> None:
    job_id = await bench.enqueue(bench.task())
    await bench.change(job_id, payload={"text": "b", "of_tomorrow": True})
    assert await bench.worker().run(job_id)
    assert (await bench.row(job_id)).state == JobState.SUCCEEDED
    assert bench.diary.done == ["b"]


async def test_a_task_cancelled_from_inside_is_tried_again(sqlite_bench: Bench) -> None:
    async def interrupted(_diary: Diary, _note: Note, _job: RunningJob) -> None:
        raise asyncio.CancelledError

    job_id = await sqlite_bench.enqueue(sqlite_bench.task(interrupted))
    assert await sqlite_bench.worker().run(job_id)
    row = await sqlite_bench.row(job_id)
    assert (row.state, row.attempt) == (JobState.QUEUED, 1)
    assert row.last_error == "Something inside the task cancelled it."


@pytest.mark.parametrize("attempt", [20, 60])
async def test_pauses_do_not_grow_without_end(sqlite_bench: Bench, attempt: int) -> None:
    async def always(_diary: Diary, _note: Note, _job: RunningJob) -> None:
        raise TooManyRequests

    bench = sqlite_bench
    job_id = await bench.enqueue(bench.task(always, max_attempts=99))
    await bench.change(job_id, attempt=attempt)
    await bench.worker().run(job_id)
    assert (await bench.row(job_id)).run_at - utc_now() < timedelta(minutes=13)
