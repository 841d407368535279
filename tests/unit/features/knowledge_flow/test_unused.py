"""Knowledge that nobody uses is switched off, can be switched on again, and its owner is told once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from homeport.features.knowledge import switch_off
from homeport.features.knowledge.pause import retry_document
from homeport.features.knowledge.switch_off import CLEAN_UNUSED
from homeport.features.knowledge.tables import Dataset, Document, SwitchedOffDocument
from homeport.features.knowledge.tell_owners import MAIL_SWITCHED_OFF
from homeport.runtime.db.columns import utc_now
from homeport.runtime.tasks.task import NoPayload, Task
from tests.support.knowledge_app import open_knowledge_app
from tests.support.mail_server import SmtpServer, smtp_server
from tests.unit.features.knowledge_flow.conftest import Knowledge, make_knowledge

TEXT = "The harbour opens at seven."


@pytest.fixture
async def mail() -> AsyncIterator[SmtpServer]:
    """Where letters arrive."""
    async with smtp_server() as server:
        yield server


@pytest.fixture
async def old(database_url: str, tmp_path: Path, mail: SmtpServer) -> AsyncIterator[Knowledge]:
    """A workspace that can be made old, on each engine; ten days without use are many."""
    way = {"mail_type": "smtp", "smtp_server": "127.0.0.1", "smtp_port": mail.port}
    letters = {**way, "mail_default_send_from": "homeport@example.org"}
    async with open_knowledge_app(
        database_url, tmp_path, vectors="sqlite", mail=letters, plan_sandbox_clean_day_setting=10
    ) as app:
        yield await make_knowledge(app)


async def _age(old: Knowledge, days: int = 11) -> None:
    then = utc_now() - timedelta(days=days)
    async with old.app.database.begin() as session:
        await session.execute(update(Document).values(updated_at=then))
        await session.execute(update(Dataset).values(created_at=then, updated_at=then, searched_at=None))


async def _do(old: Knowledge, task: Task[Any, NoPayload]) -> None:
    async with old.app.database.begin() as session:
        await old.app.room.jobs.enqueue(session, task, NoPayload())
    await old.app.settle()
    assert {error for _, state, error in await old.app.jobs() if state != "succeeded"} == set()


async def _made(old: Knowledge, name: str = "Docs", technique: str = "high_quality") -> tuple[str, str]:
    dataset = await old.dataset(name, indexing_technique=technique)
    document = await old.add(dataset, TEXT)
    await old.app.settle()
    return dataset, document


async def _status(old: Knowledge, dataset: str, action: str, *documents: str) -> None:
    answer = await old.client.patch(
        f"/datasets/{dataset}/documents/status/{action}", json={"document_ids": list(documents)}
    )
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("technique", ["high_quality", "economy"])
async def test_what_nobody_used_is_switched_off_and_enabling_it_brings_everything_back(
    old: Knowledge, technique: str
) -> None:
    dataset, document = await _made(old, technique=technique)
    before, points = await old.app.dataset(dataset), await old.app.point_ids(dataset)
    await _age(old)
    await _do(old, CLEAN_UNUSED)
    off = await old.app.document(document)
    assert (off.enabled, off.withheld, off.unindexed, off.indexing_status) == (False, True, True, "completed")
    now = await old.app.dataset(dataset)
    assert (now.available_document_count, now.withheld_document_count) == (0, 1)
    assert await old.app.room.vectors.datasets() == {}
    assert await old.ask(dataset, "harbour") == []
    assert len(await old.app.segments(document)) == 1
    await _status(old, dataset, "enable", document)
    await old.app.settle()
    assert await old.ask(dataset, "harbour") == [TEXT]
    on, again = await old.app.document(document), await old.app.dataset(dataset)
    assert (on.enabled, on.withheld, on.unindexed, on.indexing_status) == (True, False, False, "completed")
    assert await old.app.point_ids(dataset) == points
    for name in ("available_document_count", "withheld_document_count", "word_count", "embedding_dimension"):
        assert getattr(again, name) == getattr(before, name), name


async def test_what_is_searched_changed_used_by_an_app_or_being_indexed_stays(old: Knowledge) -> None:
    names = ("searched", "changed", "with a new document", "in an app", "paused", "new")
    made = {name: await _made(old, name) for name in names}
    await _age(old)
    long, just = utc_now() - timedelta(days=11), utc_now() - timedelta(days=9)
    async with old.app.database.begin() as session:

        async def note(table: type[Dataset | Document], row: str, **values: Any) -> None:
            await session.execute(update(table).where(table.id == row).values(**values))

        await note(Dataset, made["searched"][0], searched_at=just, updated_at=long)
        await note(Dataset, made["changed"][0], updated_at=just)
        await note(Document, made["with a new document"][1], updated_at=just)
        await note(Document, made["paused"][1], indexing_status="paused", updated_at=long)
        await note(Dataset, made["new"][0], created_at=just, updated_at=long)
    old.app.usages.counts[made["in an app"][0]] = 1
    await _do(old, CLEAN_UNUSED)
    assert [(await old.app.document(document)).enabled for _, document in made.values()] == [True] * len(names)


async def test_a_search_is_noted_once_in_some_minutes_and_is_no_change(old: Knowledge) -> None:
    dataset, _ = await _made(old)
    await _age(old)
    before = await old.app.dataset(dataset)
    for query in ("harbour", "nothing like that", "harbour"):
        await old.ask(dataset, query)
        await old.app.room.hits.flush()
    first = await old.app.dataset(dataset)
    assert first.searched_at is not None
    assert first.updated_at == before.updated_at
    async with old.app.database.begin() as session:
        await session.execute(update(Dataset).values(searched_at=None, updated_at=before.updated_at))
    await old.ask(dataset, "harbour")
    await old.app.room.hits.flush()
    assert (await old.app.dataset(dataset)).searched_at is None, "it has been noted a moment ago"
    await _do(old, CLEAN_UNUSED)


async def test_a_search_that_finds_nothing_is_a_use(old: Knowledge) -> None:
    dataset, document = await _made(old, technique="economy")
    await _age(old)
    assert await old.ask(dataset, "lighthouse") == []
    await old.app.room.hits.flush()
    await _do(old, CLEAN_UNUSED)
    assert (await old.app.document(document)).enabled


async def test_segments_keep_their_keywords_and_their_own_switch(old: Knowledge) -> None:
    dataset, document = await _made(old)
    body = {"segments": [{"content": "Bread needs flour.", "keywords": ["bakery"]}, {"content": "Cats sleep."}]}
    added = await old.client.post(f"/datasets/{dataset}/documents/{document}/segments", json=body)
    assert added.status_code == 200, added.text
    off = added.json()["data"][1]["id"]
    path = f"/datasets/{dataset}/documents/{document}/segments/{off}"
    assert (await old.client.post(path, json={"segment": {"content": "Cats sleep.", "enabled": False}})).is_success
    points = await old.app.point_ids(dataset)
    await _age(old)
    await _do(old, CLEAN_UNUSED)
    await _status(old, dataset, "enable", document)
    await old.app.settle()
    assert await old.app.point_ids(dataset) == points
    assert await old.ask(dataset, "bakery", search_method="full_text_search") == ["Bread needs flour."]
    assert {segment.enabled for segment in await old.app.segments(document) if segment.id == off} == {False}


async def test_an_archived_document_is_indexed_again_when_it_leaves_the_archive(old: Knowledge) -> None:
    dataset, live = await _made(old)
    archived = await old.add(dataset, "Cats sleep.")
    await old.app.settle()
    await _status(old, dataset, "archive", archived)
    await _age(old)
    await _do(old, CLEAN_UNUSED)
    assert (await old.app.document(archived)).enabled, "it was archived, and no more"
    await _status(old, dataset, "un_archive", archived)
    await old.app.settle()
    assert await old.ask(dataset, "cats", search_method="full_text_search") == ["Cats sleep."]
    row = await old.app.dataset(dataset)
    assert (row.available_document_count, row.withheld_document_count) == (1, 1)
    assert (await old.app.document(live)).unindexed


async def test_a_document_that_failed_can_be_tried_again_afterwards(old: Knowledge) -> None:
    dataset, _ = await _made(old)
    failed = await old.add(dataset, "Cats sleep.")
    await old.app.settle()
    async with old.app.database.begin() as session:  # as when the model was gone after its first batch
        values = {"indexing_status": "error", "edition": 0}
        await session.execute(update(Document).where(Document.id == failed).values(**values))
        await session.execute(update(Dataset).values(available_document_count=1))
    await _age(old)
    await _do(old, CLEAN_UNUSED)
    async with old.app.database.begin() as session:
        await retry_document(old.app.room, session, old.workspace_id, dataset, failed)
    await old.app.settle()
    assert await old.ask(dataset, "cats", search_method="full_text_search") == ["Cats sleep."]


async def test_new_content_puts_a_document_into_the_index_though_it_stays_disabled(old: Knowledge) -> None:
    dataset, document = await _made(old)
    await _age(old)
    await _do(old, CLEAN_UNUSED)
    path = f"/datasets/{dataset}/documents/{document}/update-by-text"
    assert (await old.client.post(path, json={"name": "Page", "text": "Cats sleep."})).status_code == 200
    await old.app.settle()
    assert await old.ask(dataset, "cats") == []
    await _status(old, dataset, "enable", document)
    assert await old.ask(dataset, "cats", search_method="full_text_search") == ["Cats sleep."]


async def test_an_owner_is_told_once_of_what_is_still_off(old: Knowledge, mail: SmtpServer) -> None:
    harbour, one = await _made(old, "Harbour")
    await old.add(harbour, "Cats sleep.")
    await _made(old, "Lighthouse")
    back, two = await _made(old, "Back again")
    gone, _ = await _made(old, "Gone")
    await _made_elsewhere(old)
    await _age(old)
    await _do(old, CLEAN_UNUSED)
    await _status(old, back, "enable", two)
    assert (await old.client.delete(f"/datasets/{gone}")).status_code == 204
    await _do(old, MAIL_SWITCHED_OFF)
    letters = {to[0]: letter.get_content() for to, letter in mail.received}
    assert sorted(letters) == ["one@example.org", "other@example.org"]
    assert "- Harbour: 2 documents\r\n- Lighthouse: 1 document\r\n" in letters["one@example.org"]
    assert "Back again" not in letters["one@example.org"]
    assert "Gone" not in letters["one@example.org"]
    assert "- Theirs: 1 document\r\n" in letters["other@example.org"]
    await _do(old, MAIL_SWITCHED_OFF)
    assert len(mail.received) == 2
    assert (await old.app.document(one)).enabled is False


async def _made_elsewhere(old: Knowledge) -> None:
    """Another workspace with a document of its own."""
    workspace_id, account_id = await old.app.workspace("other")
    other = Knowledge(old.app, await old.app.client(workspace_id), workspace_id, account_id)
    await _made(other, "Theirs")


async def test_without_mail_nothing_is_noted_as_told(knowledge: Knowledge) -> None:
    _, document = await _made(knowledge)
    await _age(knowledge, days=31)
    await _do(knowledge, CLEAN_UNUSED)
    await _do(knowledge, MAIL_SWITCHED_OFF)
    async with knowledge.app.database.read() as session:
        [note] = (await session.execute(select(SwitchedOffDocument))).scalars()
    assert (note.document_id, note.notified) == (document, False)


async def test_a_dataset_in_use_is_not_held_up_by_the_clean_up(old: Knowledge) -> None:
    """Whoever comes back between the look and the switch finds everything as it was."""
    dataset, document = await _made(old)
    await _age(old)
    before = utc_now() - timedelta(days=10)
    async with old.app.database.begin() as session:
        await session.execute(update(Dataset).values(searched_at=utc_now()))
    await switch_off._switch_off(old.app.room, old.workspace_id, dataset, before)
    assert (await old.app.document(document)).enabled
    assert len(await old.app.point_ids(dataset)) == 1
    async with old.app.database.begin() as session:
        assert (await session.execute(select(SwitchedOffDocument))).all() == []
