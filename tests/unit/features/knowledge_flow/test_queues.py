"""What a person waits for goes before what comes in bulk."""

from __future__ import annotations

from collections import Counter
from typing import Any

from sqlalchemy import select

from homeport.features.knowledge.choose_queue import FEW_DOCUMENTS, LONG_LINE, choose_queue
from homeport.features.knowledge.ingest import TASK
from homeport.runtime.tasks.queues import Queue
from homeport.runtime.tasks.tables import Job


async def _queues(knowledge: Any, task: str = TASK.name) -> Counter[str]:
    async with knowledge.app.database.read() as session:
        return Counter((await session.execute(select(Job.queue).where(Job.task == task))).scalars())


async def test_a_single_document_goes_first_and_a_rebuild_does_not(knowledge: Any) -> None:
    dataset = await knowledge.dataset()
    await knowledge.add(dataset, "A page.")
    await knowledge.app.settle()
    await knowledge.client.patch(f"/datasets/{dataset}", json={"indexing_technique": "high_quality"})
    await knowledge.app.settle()
    assert await _queues(knowledge) == {"priority_dataset": 1}
    assert await _queues(knowledge, "knowledge.rebuild_dataset") == {"dataset": 1}


async def test_a_large_request_is_bulk(knowledge: Any) -> None:
    browser = await knowledge.app.browser()
    dataset = (await browser.post("/datasets", json={"name": "Many", "indexing_technique": "economy"})).json()["id"]
    for count in (FEW_DOCUMENTS, FEW_DOCUMENTS + 1):
        files = [("file", (f"{count}-{at}.txt", b"Text", "text/plain")) for at in range(count)]
        answer = await browser.post(f"/datasets/{dataset}/documents/upload", files=files)
        assert answer.status_code == 201, answer.text
    assert await _queues(knowledge) == {"priority_dataset": FEW_DOCUMENTS, "dataset": FEW_DOCUMENTS + 1}
    await knowledge.app.settle()
    assert {state for _, state, _ in await knowledge.app.jobs()} == {"succeeded"}
    await browser.aclose()


async def test_one_at_a_time_is_bulk_too_once_the_line_is_long(everywhere: Any) -> None:
    everywhere.app.dispatcher._open = False  # nobody takes a job
    dataset = await everywhere.dataset()
    for at in range(LONG_LINE + 3):
        await everywhere.add(dataset, f"Page {at}.")
    assert await _queues(everywhere) == {"priority_dataset": LONG_LINE, "dataset": 3}
    other, _ = await everywhere.app.workspace("other")
    async with everywhere.app.database.read() as session:
        assert await choose_queue(session, other, 1) == Queue.PRIORITY_DATASET, "another workspace is not held up"
    await everywhere.app.dispatcher.start()
    await everywhere.app.settle()
    assert (await everywhere.app.dataset(dataset)).available_document_count == LONG_LINE + 3


async def test_a_job_that_waits_in_the_queue_it_had_before_is_done(knowledge: Any) -> None:
    """As after an upgrade: rows of every version name the same task."""
    dataset = await knowledge.dataset()
    document = await knowledge.add(dataset, "A page.")
    await knowledge.app.settle()
    async with knowledge.app.database.begin() as session:
        earlier = (await session.execute(select(Job.payload).where(Job.task == TASK.name))).scalar_one()
        payload = TASK.payload.model_validate(earlier)
        job_id = await knowledge.app.room.jobs.enqueue(session, TASK, payload, subject_id=document)
        assert (await session.get_one(Job, job_id)).queue == "dataset"
    await knowledge.app.settle()
    assert [state for _, state, _ in await knowledge.app.jobs()] == ["succeeded", "succeeded"]
