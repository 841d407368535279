"""Putting a job into the database: with its cause, once per key, told to a worker after the commit."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import event, func, select

from homeport.runtime.db.columns import new_id, utc_now
from homeport.runtime.tasks.jobs import Jobs, Order
from homeport.runtime.tasks.queues import Queue
from homeport.runtime.tasks.tables import Job, JobState
from tests.support.job_bench import Bench, Note


async def test_a_job_is_told_after_the_commit_and_not_before(bench: Bench) -> None:
    task = bench.task()
    async with bench.database.begin() as session:
        job_id = await Jobs(bench.hints).enqueue(session, task, Note(text="x"))
        await session.flush()
        assert bench.hints.sent == []
    assert bench.hints.sent == [(Queue.DATASET, job_id)]
    row = await bench.row(job_id)
    assert (row.state, row.task, row.payload) == (JobState.QUEUED, task.name, {"text": "x"})


async def test_a_rolled_back_change_leaves_no_job_and_no_hint(bench: Bench) -> None:
    task = bench.task()

    async def change_ones_mind() -> None:
        async with bench.database.begin() as session:
            await Jobs(bench.hints).enqueue(session, task, Note(), unique_key="k")
            await Jobs(bench.hints).enqueue(session, task, Note())
            raise RuntimeError("changed my mind")

    with pytest.raises(RuntimeError, match="changed my mind"):
        await change_ones_mind()
    assert bench.hints.sent == []
    async with bench.database.read() as session:
        assert (await session.execute(select(func.count()).select_from(Job))).scalar_one() == 0


async def test_of_many_who_queue_the_same_key_at_once_one_job_comes(bench: Bench) -> None:
    task = bench.task()
    ids = await asyncio.gather(*(bench.enqueue(task, unique_key="index:1") for _ in range(8)))
    assert len(set(ids)) == 1
    assert bench.hints.sent == [(Queue.DATASET, ids[0])]
    async with bench.database.read() as session:
        assert (await session.execute(select(func.count()).select_from(Job))).scalar_one() == 1


async def test_a_key_is_free_again_when_its_job_has_ended(bench: Bench) -> None:
    task = bench.task()
    first = await bench.enqueue(task, unique_key="index:1")
    await bench.worker().run(first)
    second = await bench.enqueue(task, unique_key="index:1")
    assert second != first
    assert (await bench.row(second)).state == JobState.QUEUED


async def test_a_key_is_free_again_when_its_job_is_being_cancelled(bench: Bench) -> None:
    task = bench.task()
    subject = new_id()
    first = await bench.enqueue(task, unique_key="index:1", subject_id=subject)
    async with bench.database.begin() as session:
        await Jobs(bench.hints).cancel(session, subject)
        second = await Jobs(bench.hints).enqueue(session, task, Note(), unique_key="index:1")
    assert second != first
    assert (await bench.row(first)).state == JobState.CANCELLED
    assert (await bench.row(second)).state == JobState.QUEUED


async def test_a_later_job_waits_for_its_time(bench: Bench) -> None:
    task = bench.task()
    job_id = await bench.enqueue(task, run_at=utc_now() + timedelta(hours=1))
    assert bench.hints.sent == []
    assert await bench.sweep().once() == 0
    assert not await bench.worker().run(job_id)
    past = utc_now() - timedelta(seconds=1)
    await bench.change(job_id, run_at=past, hint_at=past)
    assert await bench.sweep().once() == 1
    assert bench.hints.sent == [(Queue.DATASET, job_id)]
    assert await bench.worker().run(job_id)
    assert bench.diary.done == ["a"]


async def test_many_jobs_at_once_are_as_many_one_by_one(bench: Bench) -> None:
    task, workspaces = bench.task(), (new_id(), new_id(), None)
    orders = [Order(Note(text=str(number)), workspaces[number % 3], new_id()) for number in range(7)]
    single = [await bench.enqueue(task, order.payload.text, workspace_id=order.workspace_id) for order in orders]
    bench.hints.sent.clear()
    async with bench.database.begin() as session:
        ids = await Jobs(bench.hints).enqueue_all(session, task, orders)
        assert bench.hints.sent == []
    assert bench.hints.sent == [(Queue.DATASET, job_id) for job_id in ids]
    turns = [(await bench.row(one)).turn for one in single]
    following = {
        workspace: 1 + max(turns[n] or 0 for n in range(7) if workspaces[n % 3] == workspace)
        for workspace in workspaces
    }
    for number, (job_id, order) in enumerate(zip(ids, orders, strict=True)):
        row = await bench.row(job_id)
        assert (row.state, row.task, row.payload) == (JobState.QUEUED, task.name, {"text": str(number)})
        assert (row.workspace_id, row.subject_id) == (order.workspace_id, order.subject_id)
        if order.workspace_id is not None:
            assert row.turn == following[order.workspace_id] + number // 3


async def test_no_orders_are_no_jobs(bench: Bench) -> None:
    async with bench.database.begin() as session:
        assert await Jobs(bench.hints).enqueue_all(session, bench.task(), []) == []
    assert bench.hints.sent == []


async def test_the_documents_of_a_request_take_two_statements(bench: Bench) -> None:
    task, workspace = bench.task(), new_id()
    seen: list[str] = []

    def see(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement.split(maxsplit=1)[0])

    engine = bench.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", see)
    try:
        async with bench.database.begin() as session:
            orders = [Order(Note(), workspace, new_id()) for _ in range(100)]
            await Jobs(bench.hints).enqueue_all(session, task, orders, queue=Queue.PRIORITY_DATASET)
    finally:
        event.remove(engine, "before_cursor_execute", see)
    assert seen == ["SELECT", "INSERT"]
    assert len(bench.hints.sent) == 100
