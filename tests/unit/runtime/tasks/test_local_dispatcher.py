"""Jobs inside one process: each queue beside the others, in order, a few at a time."""

from __future__ import annotations

import asyncio

from homeport.runtime.tasks.dispatchers.local import LocalDispatcher
from homeport.runtime.tasks.queues import Queue
from homeport.runtime.tasks.tables import JobState
from homeport.runtime.tasks.task import RunningJob
from tests.support.job_bench import Bench, Diary, Note, until, wait_at_gate


async def test_a_committed_job_runs_without_further_ado(sqlite_bench: Bench) -> None:
    bench = sqlite_bench
    local = LocalDispatcher()
    local.connect(bench.worker().run)
    await local.start()
    bench.dispatcher = local
    job_id = await bench.enqueue(bench.task(wait_at_gate))
    await bench.diary.started.wait()
    bench.diary.may_go_on.set()

    async def succeeded() -> bool:
        return (await bench.row(job_id)).state == JobState.SUCCEEDED

    await until(succeeded)


async def test_a_full_queue_does_not_hold_up_another_and_keeps_its_order() -> None:
    order: list[str] = []
    gate = asyncio.Event()

    async def run(job_id: str, _queue: str) -> bool:
        order.append(job_id)
        if job_id.startswith("slow"):
            await gate.wait()
        return True

    local = LocalDispatcher()
    local.connect(run)
    await local.start()
    for number in range(12):
        await local.send(Queue.DATASET, f"slow {number}")
    await local.send(Queue.MAIL, "letter")
    await asyncio.sleep(0)
    assert order == [*(f"slow {number}" for number in range(8)), "letter"]
    gate.set()
    for _ in range(20):
        await asyncio.sleep(0)
    assert order[9:] == [f"slow {number}" for number in range(8, 12)]


async def test_a_hint_is_not_taken_twice_while_the_job_waits_or_runs() -> None:
    seen: list[str] = []
    gate = asyncio.Event()

    async def run(job_id: str, _queue: str) -> bool:
        seen.append(job_id)
        await gate.wait()
        return True

    local = LocalDispatcher()
    local.connect(run)
    await local.start()
    for _ in range(3):
        await local.send(Queue.MAIL, "one")
    await asyncio.sleep(0)
    gate.set()
    await asyncio.sleep(0)
    assert seen == ["one"]
    await asyncio.sleep(0)
    await local.send(Queue.MAIL, "one")
    await asyncio.sleep(0)
    assert seen == ["one", "one"]


async def test_a_database_that_fails_does_not_stop_the_line() -> None:
    seen: list[str] = []

    async def run(job_id: str, _queue: str) -> bool:
        seen.append(job_id)
        raise ConnectionError("gone")

    local = LocalDispatcher()
    local.connect(run)
    await local.start()
    for number in range(9):
        await local.send(Queue.MAIL, str(number))
    for _ in range(20):
        await asyncio.sleep(0)
    assert len(seen) == 9
    assert await local.alive()


async def test_a_closed_dispatcher_takes_nothing() -> None:
    seen: list[str] = []

    async def run(job_id: str, _queue: str) -> bool:
        seen.append(job_id)
        return True

    local = LocalDispatcher()
    local.connect(run)
    await local.send(Queue.MAIL, "before the start")
    await local.start()
    await local.close()
    await local.send(Queue.MAIL, "after the end")
    await asyncio.sleep(0)
    assert seen == []
    assert not await local.alive()


async def test_stopping_in_the_middle_of_a_line_leaves_every_job_for_the_next_start(sqlite_bench: Bench) -> None:
    bench = sqlite_bench
    runner = bench.worker()
    local = LocalDispatcher()
    local.connect(runner.run)
    await local.start()
    bench.dispatcher = local

    async def slow(diary: Diary, note: Note, job: RunningJob) -> None:
        await wait_at_gate(diary, note, job)

    task = bench.task(slow)
    ids = [await bench.enqueue(task, str(number)) for number in range(20)]
    await bench.diary.started.wait()
    await runner.close()
    await local.close()
    rows = [await bench.row(job_id) for job_id in ids]
    assert {(row.state, row.attempt) for row in rows} == {(JobState.QUEUED, 0)}
