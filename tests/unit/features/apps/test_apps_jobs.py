"""What a deleted app leaves is removed by a job: all of it, nothing else, wherever the job is broken off."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from homeport.features.apps import remove_app
from homeport.features.apps.change import delete_app
from homeport.features.apps.remove_app import REMOVE_APP, RemovedApp
from homeport.features.chat import remove
from homeport.features.chat.tables import Message
from homeport.features.files.tables import UploaderRole, UploadFile
from homeport.features.identity.tables import EndUser
from homeport.runtime.db.columns import new_id, utc_now
from homeport.runtime.tasks.queues import Queue
from tests.support.room_bench import Filled, RoomBench, open_room_bench

EVERYTHING = {
    "apps": 1,
    "app_configs": 1,
    "app_datasets": 1,
    "api_keys": 1,
    "end_users": 3,
    "conversations": 3,
    "messages": 6,
    "feedbacks": 6,
    "upload_files": 6,
    "objects": 6,
}
AT_ONCE = ("apps", "app_configs", "app_datasets", "api_keys")
LATER = {name: count for name, count in EVERYTHING.items() if name not in AT_ONCE}


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two rows make a page."""
    monkeypatch.setattr(remove, "PAGE", 2)
    monkeypatch.setattr(remove_app, "_AT_ONCE", 2)


@pytest.fixture
async def bench(database_url: str, tmp_path: Path) -> AsyncIterator[RoomBench]:
    """On each engine."""
    async with open_room_bench(database_url, tmp_path) as bench:
        yield bench


@pytest.fixture
async def sqlite_bench(sqlite_url: str, tmp_path: Path) -> AsyncIterator[RoomBench]:
    """Where the engine makes no difference."""
    async with open_room_bench(sqlite_url, tmp_path) as bench:
        yield bench


async def deleted(bench: RoomBench, app: Filled) -> str:
    """Delete it, as the console does; answers the job that was queued by that."""
    async with bench.database.begin() as session:
        await delete_app(bench.apps, session, bench.workspace_id, app.id)
    return (await bench.jobs_of(REMOVE_APP.name))[-1].id


async def test_a_deleted_app_is_gone_at_once_and_a_job_removes_the_rest_and_nothing_of_others(
    bench: RoomBench,
) -> None:
    app, other = await bench.add_app(), await bench.add_app()
    assert await bench.left_of(app) == EVERYTHING

    job_id = await deleted(bench, app)

    assert await bench.left_of(app) == LATER
    row = await bench.jobs.row(job_id)
    assert (row.queue, row.workspace_id, row.subject_id) == (Queue.APP_DELETION, bench.workspace_id, app.id)
    assert await bench.run(job_id) == "succeeded"
    assert await bench.left_of(app) == {}
    assert await bench.left_of(other) == EVERYTHING
    assert await bench.objects() == 6


async def test_an_app_whose_deletion_is_rolled_back_keeps_everything(sqlite_bench: RoomBench) -> None:
    bench = sqlite_bench
    app = await bench.add_app()
    async with bench.database.begin() as session:
        await delete_app(bench.apps, session, bench.workspace_id, app.id)
        await session.rollback()
    assert await bench.left_of(app) == EVERYTHING
    assert await bench.jobs_of(REMOVE_APP.name) == []


@pytest.mark.parametrize("task", [REMOVE_APP], ids=lambda task: task.name)
async def test_done_twice_it_removes_nothing_more(bench: RoomBench, task: object) -> None:
    assert task is REMOVE_APP
    app, other = await bench.add_app(), await bench.add_app()
    job_id = await deleted(bench, app)
    again = await bench.enqueue(REMOVE_APP, RemovedApp(workspace_id=bench.workspace_id, app_id=app.id))
    for one in (job_id, again):
        assert await bench.run(one) == "succeeded"
    assert await bench.left_of(app) == {}
    assert await bench.left_of(other) == EVERYTHING


@pytest.mark.parametrize("task", [REMOVE_APP], ids=lambda task: task.name)
async def test_killed_at_any_step_it_is_taken_over_and_leaves_nothing(bench: RoomBench, task: object) -> None:
    assert task is REMOVE_APP
    other = await bench.add_app()
    step = died = 0
    while died == step:
        app = await bench.add_app()
        job_id = await deleted(bench, app)
        step += 1
        died += await bench.run_killed_at(step, job_id)
        assert await bench.left_of(app) == {}, f"killed at step {step}"
        assert await bench.objects() == 6, f"killed at step {step}"
    # Each page is a step of its own: three of messages, two of conversations, two of people, six objects …
    assert died > 20
    assert await bench.left_of(other) == EVERYTHING


async def test_what_a_request_under_way_wrote_after_the_job_is_found_by_a_second_look(sqlite_bench: RoomBench) -> None:
    bench = sqlite_bench
    app = await bench.add_app(people=1)
    assert await bench.run(await deleted(bench, app)) == "succeeded"
    first, second = await bench.jobs_of(REMOVE_APP.name)
    assert (second.state, second.run_at > utc_now()) == ("queued", True)
    late = new_id()
    async with bench.database.begin() as session:
        session.add(
            EndUser(
                id=late,
                workspace_id=bench.workspace_id,
                app_id=app.id,
                type="service-api",
                session_id="late",
                session_hash="late",
            )
        )
        await bench.add_file(session, late)
    assert await bench.run(second.id) == "succeeded"
    assert (await bench.count(EndUser), await bench.count(UploadFile), await bench.objects()) == (0, 0, 0)
    assert [job.id for job in await bench.jobs_of(REMOVE_APP.name)] == [first.id, second.id], "no third look"


async def test_files_that_somebody_else_handed_over_or_uses_stay(bench: RoomBench) -> None:
    app = await bench.add_app(people=1)
    person = app.end_users[0]
    async with bench.database.begin() as session:
        await bench.add_file(session, person, used=True, used_by=new_id())
        await bench.add_file(session, new_id())
        await bench.add_file(session, person, created_by_role=UploaderRole.ACCOUNT)
        await bench.add_file(session, person, used=True, used_by=person)
    assert await bench.run(await deleted(bench, app)) == "succeeded"
    assert (await bench.count(UploadFile), await bench.objects()) == (3, 3)


async def test_a_storage_that_is_away_is_waited_for_and_no_row_forgets_its_object(
    sqlite_bench: RoomBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = sqlite_bench
    app = await bench.add_app()
    job_id = await deleted(bench, app)

    async def away(_key: str) -> None:
        raise OSError

    with monkeypatch.context() as patched:
        patched.setattr(bench.apps.files.storage, "delete", away)
        assert await bench.run(job_id) == "queued"
    assert await bench.left_of(app) == {name: LATER[name] for name in ("end_users", "upload_files", "objects")}
    assert await bench.count(Message) == 0
    assert await bench.run(job_id) == "succeeded"
    assert await bench.left_of(app) == {}
