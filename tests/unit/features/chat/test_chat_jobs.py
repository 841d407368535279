"""The jobs of this slice do their work once, however often they are begun and wherever they are broken off."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, select, update

from homeport.backends.llm.complete import complete
from homeport.backends.llm.port import ChatModel, ChatRequest, Completion
from homeport.features.apps.tables import App
from homeport.features.chat import name_conversation, remove
from homeport.features.chat.clean_messages import CLEAN, clean_messages
from homeport.features.chat.delete_conversation import DELETE, DeletedConversation, delete_conversation
from homeport.features.chat.export_trace import EXPORT_TRACE
from homeport.features.chat.name_conversation import NAME, NewConversation, clean_title
from homeport.features.chat.repository import find_conversation, touch_conversation
from homeport.features.chat.settings import ChatSettings
from homeport.features.chat.speaker import Speaker
from homeport.features.chat.tables import Conversation, Feedback, Message
from homeport.features.chat.tasks import END_ABANDONED, TASKS
from homeport.runtime.db.columns import new_id, utc_now
from homeport.runtime.tasks.queues import Queue
from homeport.runtime.tasks.task import NoPayload
from tests.support.model_server import ModelServer
from tests.support.room_bench import Filled, RoomBench, open_room_bench

TITLE = "The ferry to Port Ellis"


@pytest.fixture
def llm(models: ModelServer) -> dict[str, str]:
    """The models of the installation."""
    return {"openai_base_url": models.url, "openai_api_key": "sk-test", "llm_max_attempts": "1"}


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two rows make a page."""
    monkeypatch.setattr(remove, "PAGE", 2)


@pytest.fixture
async def bench(database_url: str, tmp_path: Path, llm: dict[str, str]) -> AsyncIterator[RoomBench]:
    """On each engine."""
    async with open_room_bench(database_url, tmp_path, llm) as bench:
        yield bench


@pytest.fixture
async def sqlite_bench(sqlite_url: str, tmp_path: Path, llm: dict[str, str]) -> AsyncIterator[RoomBench]:
    """Where the engine makes no difference."""
    async with open_room_bench(sqlite_url, tmp_path, llm) as bench:
        yield bench


async def names(bench: RoomBench, app: Filled) -> list[str]:
    """Of its conversations, in the order in which they began."""
    query = select(Conversation.name).where(Conversation.app_id == app.id).order_by(Conversation.id)
    async with bench.database.read() as session:
        return list((await session.scalars(query)).all())


async def said(bench: RoomBench, app: Filled) -> tuple[int, int, int]:
    """Conversations, messages and ratings of an app."""
    counts = [await bench.count(table, app_id=app.id) for table in (Conversation, Message, Feedback)]
    return counts[0], counts[1], counts[2]


async def set_messages(bench: RoomBench, app: Filled, **values: object) -> None:
    async with bench.database.begin() as session:
        await session.execute(update(Message).where(Message.app_id == app.id).values(**values))


# -- what each job finds and what it must leave: a world, its job, and a check ----------------------------------------

Check = Callable[[], Awaitable[None]]
World = Callable[[RoomBench], Awaitable[tuple[str, Check]]]


def speaker_of(app: Filled, number: int = 0) -> Speaker:
    return Speaker("api", app.end_users[number], None, f"person {number}")


async def deleted(bench: RoomBench) -> tuple[str, Check]:
    """Of two conversations of five messages one is deleted."""
    app = await bench.add_app(people=2, questions=5)
    gone, kept = app.conversations
    async with bench.database.begin() as session:
        await delete_conversation(bench.chat, session, bench.workspace_id, app.id, speaker_of(app), gone)

    async def check() -> None:
        assert await said(bench, app) == (1, 5, 5)
        assert await bench.count(Message, conversation_id=kept) == 5

    assert await said(bench, app) == (2, 10, 10)
    return (await bench.jobs_of(DELETE.name))[-1].id, check


async def new_conversation(bench: RoomBench, model: str = "title") -> tuple[Filled, NewConversation]:
    app = await bench.add_app(people=2, questions=2, model=model)
    payload = NewConversation(
        workspace_id=bench.workspace_id,
        app_id=app.id,
        conversation_id=app.conversations[0],
        name="When does",
        person=app.end_users[0],
    )
    return app, payload


async def named(bench: RoomBench) -> tuple[str, Check]:
    """Of two conversations one is to have a title."""
    app, payload = await new_conversation(bench)

    async def check() -> None:
        assert await names(bench, app) == [TITLE, "When does"]

    return await bench.enqueue(NAME, payload), check


async def aged(bench: RoomBench) -> tuple[str, Check]:
    """An app with old messages, one with new ones, one with both in each conversation."""
    old = await bench.add_app(people=2, asked=utc_now() - timedelta(days=31))
    new = await bench.add_app(people=2, asked=utc_now() - timedelta(days=29))
    edge = utc_now() - timedelta(days=30)
    both = await bench.add_app(people=2, questions=5, asked=edge - timedelta(minutes=2, seconds=30))

    async def check() -> None:
        assert await said(bench, old) == (0, 0, 0)
        assert await said(bench, new) == (2, 4, 4)
        assert await said(bench, both) == (2, 4, 4)

    return await bench.enqueue(CLEAN, NoPayload()), check


async def abandoned(bench: RoomBench) -> tuple[str, Check]:
    """An app whose answers were begun long ago and never ended, and one whose answers are being written."""
    dead = await bench.add_app(asked=utc_now() - timedelta(hours=2))
    alive = await bench.add_app(asked=utc_now() - timedelta(minutes=1))
    for app in (dead, alive):
        await set_messages(bench, app, status="running")

    async def check() -> None:
        assert await bench.count(Message, app_id=dead.id, status="error") == 6
        assert await bench.count(Message, app_id=alive.id, status="running") == 6

    return await bench.enqueue(END_ABANDONED, NoPayload()), check


WORLDS: dict[str, World] = {DELETE.name: deleted, NAME.name: named, CLEAN.name: aged, END_ABANDONED.name: abandoned}


def test_every_task_of_the_slice_has_its_world() -> None:
    # What is handed to an observability service has tests of its own.
    assert set(WORLDS) == {task.name for task in TASKS} - {EXPORT_TRACE.name}


@pytest.mark.parametrize("task", list(WORLDS))
async def test_done_twice_it_is_done_once(bench: RoomBench, task: str) -> None:
    job_id, check = await WORLDS[task](bench)
    assert await bench.run(job_id) == "succeeded"
    await check()
    row = await bench.jobs.row(job_id)
    again = await bench.enqueue(
        bench.jobs.registry.get(task).task, bench.jobs.registry.get(task).task.payload.model_validate(row.payload)
    )
    assert await bench.run(again) == "succeeded"
    await check()


@pytest.mark.parametrize("task", list(WORLDS))
async def test_killed_at_any_step_it_is_taken_over_and_done(bench: RoomBench, task: str) -> None:
    step = died = 0
    while died == step:
        job_id, check = await WORLDS[task](bench)
        step += 1
        died += await bench.run_killed_at(step, job_id)
        await check()
        async with bench.database.begin() as session:
            await session.execute(delete(Conversation))
    assert died


# -- deleting a conversation ------------------------------------------------------------------------------------------


async def test_a_deleted_conversation_is_in_the_queue_of_its_workspace(sqlite_bench: RoomBench) -> None:
    job_id, _ = await deleted(sqlite_bench)
    row = await sqlite_bench.jobs.row(job_id)
    assert (row.queue, row.workspace_id) == (Queue.CONVERSATION, sqlite_bench.workspace_id)


async def test_a_conversation_that_nobody_deleted_is_left_alone(sqlite_bench: RoomBench) -> None:
    bench = sqlite_bench
    app = await bench.add_app(people=1)
    for conversation in (app.conversations[0], new_id()):
        job_id = await bench.enqueue(DELETE, DeletedConversation(conversation_id=conversation))
        assert await bench.run(job_id) == "succeeded"
    assert await said(bench, app) == (1, 2, 2)


async def test_nothing_more_is_said_in_a_deleted_conversation(bench: RoomBench) -> None:
    app = await bench.add_app(people=2)
    gone, kept = app.conversations
    async with bench.database.begin() as session:
        await delete_conversation(bench.chat, session, bench.workspace_id, app.id, speaker_of(app), gone)
    async with bench.database.begin() as session:
        assert not await touch_conversation(session, gone, utc_now())
        assert await touch_conversation(session, kept, utc_now())
        assert await find_conversation(session, app.id, speaker_of(app), gone) is None


# -- naming -----------------------------------------------------------------------------------------------------------


async def rename(bench: RoomBench, conversation_id: str, name: str) -> None:
    async with bench.database.begin() as session:
        await session.execute(update(Conversation).where(Conversation.id == conversation_id).values(name=name))


async def test_a_name_that_a_person_gave_meanwhile_stays(sqlite_bench: RoomBench, models: ModelServer) -> None:
    bench = sqlite_bench
    app, payload = await new_conversation(bench)
    job_id = await bench.enqueue(NAME, payload)
    await rename(bench, payload.conversation_id, "Mine")
    assert await bench.run(job_id) == "succeeded"
    assert (await names(bench, app))[0] == "Mine"
    assert models.calls_to("/chat/completions") == [], "nobody pays for what nobody needs"


async def test_a_person_who_renames_while_the_model_thinks_has_the_last_word(
    bench: RoomBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, payload = await new_conversation(bench)

    async def meanwhile(chat: ChatModel, request: ChatRequest) -> Completion:
        await rename(bench, payload.conversation_id, "WHEN DOES")
        return await complete(chat, request)

    monkeypatch.setattr(name_conversation, "complete", meanwhile)
    assert await bench.run(await bench.enqueue(NAME, payload)) == "succeeded"
    assert (await names(bench, app))[0] == "WHEN DOES"


async def test_a_conversation_does_not_count_as_used_because_it_was_named(bench: RoomBench) -> None:
    _, payload = await new_conversation(bench)
    query = select(Conversation.name, Conversation.updated_at).where(Conversation.id == payload.conversation_id)
    async with bench.database.read() as session:
        before = (await session.execute(query)).one()
    assert await bench.run(await bench.enqueue(NAME, payload)) == "succeeded"
    async with bench.database.read() as session:
        after = (await session.execute(query)).one()
    assert (before.name, after.name) == ("When does", TITLE)
    assert after.updated_at == before.updated_at


@pytest.mark.parametrize(
    ("model", "state"),
    [
        ("fail-503", "queued"),
        ("drop-midway", "queued"),
        ("fail-429", "queued"),
        ("fail-401", "failed"),
        ("fail-400", "failed"),
    ],
)
async def test_a_model_that_fails_leaves_the_name_and_is_asked_again_where_that_may_help(
    sqlite_bench: RoomBench, model: str, state: str
) -> None:
    bench = sqlite_bench
    app, payload = await new_conversation(bench, model)
    job_id = await bench.enqueue(NAME, payload)
    assert await bench.run(job_id) == state
    row = await bench.jobs.row(job_id)
    assert row.last_error
    for _ in range(row.max_attempts - row.attempt if state == "queued" else 0):
        await bench.run(job_id)
    assert (await bench.jobs.row(job_id)).state == "failed"
    assert await names(bench, app) == ["When does", "When does"]


@pytest.mark.parametrize("gone", ["conversation", "app"])
async def test_what_is_gone_needs_no_name(sqlite_bench: RoomBench, models: ModelServer, gone: str) -> None:
    bench = sqlite_bench
    app, payload = await new_conversation(bench)
    job_id = await bench.enqueue(NAME, payload)
    async with bench.database.begin() as session:
        if gone == "app":
            await session.execute(delete(App).where(App.id == app.id))
        else:
            await delete_conversation(
                bench.chat, session, bench.workspace_id, app.id, speaker_of(app), payload.conversation_id
            )
    assert await bench.run(job_id) == "succeeded"
    assert models.calls_to("/chat/completions") == []
    assert await names(bench, app) == ["When does", "When does"]


async def test_the_model_gets_no_more_than_the_beginning_of_a_long_question(
    sqlite_bench: RoomBench, models: ModelServer
) -> None:
    bench = sqlite_bench
    app, payload = await new_conversation(bench, "echo")
    await set_messages(bench, app, query="A long\n question " * 100_000)
    assert await bench.run(await bench.enqueue(NAME, payload)) == "succeeded"
    [call] = models.calls_to("/chat/completions")
    wish, question = call.body["messages"]
    assert (wish["role"], question["role"], len(question["content"])) == ("system", "user", 2000)
    assert (await names(bench, app))[0] == "A long question A long question A long question A long…"


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Ferry times", "Ferry times"),
        ('  "Ferry times"  ', "Ferry times"),
        ("«Horaires du ferry»", "Horaires du ferry"),
        ("「フェリーの時刻」\n", "フェリーの時刻"),
        ("\n\n## **Ferry times**\n\nBecause you asked.", "Ferry times"),
        ("Title: `Ferry times`", "Ferry times"),
        ("**Title:** Ferry times", "Ferry times"),
        ("<think>They ask\nabout ferries.</think>\nFerry times", "Ferry times"),
        ("<think>cut off in the middle", ""),
        ("Learning C#", "Learning C#"),
        ("Ferry\x00 \u202etimes\ud800", "Ferry times"),
        ("word " * 40, ("word " * 12).strip() + "…"),
        ("x" * 300, "x" * 60 + "…"),
        (" \n\t\n", ""),
        ('""', ""),
        ("", ""),
    ],
)
def test_a_title_is_the_first_line_without_quotes_and_markup_and_short(text: str, title: str) -> None:
    assert clean_title(text) == title


# -- cleaning up ------------------------------------------------------------------------------------------------------


async def test_a_conversation_that_was_empty_only_for_a_moment_stays(bench: RoomBench) -> None:
    app = await bench.add_app(people=2, asked=utc_now() - timedelta(days=31))
    busy, _idle = app.conversations
    await set_messages(bench, app, created_at=utc_now() - timedelta(days=40))
    async with bench.database.begin() as session:  # somebody asks: the message is written a moment later
        assert await touch_conversation(session, busy, utc_now())
    assert await bench.run(await bench.enqueue(CLEAN, NoPayload())) == "succeeded"
    assert await said(bench, app) == (1, 0, 0)
    assert await bench.count(Conversation, id=busy) == 1


async def test_messages_are_kept_as_long_as_the_settings_say(sqlite_bench: RoomBench) -> None:
    bench = sqlite_bench
    app = await bench.add_app(asked=utc_now() - timedelta(days=3))
    settings = ChatSettings(sandbox_expired_records_retention_days=2, sandbox_expired_records_clean_batch_size=1)
    bench.jobs.registry.add(TASKS, replace(bench.chat, settings=settings))
    await bench.add_app(people=1)
    assert await bench.run(await bench.enqueue(CLEAN, NoPayload())) == "succeeded"
    assert await said(bench, app) == (0, 0, 0)
    assert await bench.count(Message) == 2


async def test_a_batch_of_any_size_is_cut_to_what_a_database_takes(bench: RoomBench) -> None:
    app = await bench.add_app(people=1, questions=2, asked=utc_now() - timedelta(days=3))
    counts = [count async for count in clean_messages(bench.database, before=utc_now(), page=10**9)]
    assert sum(counts) == 2
    assert await said(bench, app) == (0, 0, 0)


async def test_only_what_was_asked_in_the_time_is_removed(bench: RoomBench) -> None:
    now = utc_now()
    app = await bench.add_app(people=1, questions=6, asked=now - timedelta(minutes=60))
    since, before = now - timedelta(minutes=59), now - timedelta(minutes=57)
    counts = [count async for count in clean_messages(bench.database, since=since, before=before, page=1)]
    assert [count for count in counts if count] == [1, 1]
    query = select(Message.created_at).where(Message.app_id == app.id).order_by(Message.created_at)
    async with bench.database.read() as session:
        left = (await session.scalars(query)).all()
    assert left == [now - timedelta(minutes=minutes) for minutes in (60, 57, 56, 55)]
