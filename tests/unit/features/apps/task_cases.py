"""The tasks of the apps slice, each with something to do."""

from __future__ import annotations

from homeport.features.apps.remove_app import REMOVE_APP
from homeport.features.identity.end_users import find_or_create_end_user
from homeport.runtime.db.columns import utc_now
from homeport.runtime.tasks.tables import Job, JobState
from tests.support.task_case import Case
from tests.support.task_stage import Stage, World


async def _deleted(stage: Stage) -> str:
    app, kept = await stage.app(name="Gone"), await stage.app(name="Kept")
    for one in (app, kept):
        client = await stage.visitor.app_client(one)
        question = {"query": "Who?", "inputs": {}, "user": "ann", "response_mode": "blocking"}
        assert (await client.post("/chat-messages", json=question)).status_code == 200
        file = {"file": ("a.txt", b"A text.", "text/plain")}
        assert (await client.post("/files/upload", data={"user": "ann"}, files=file)).status_code == 201
    assert (await stage.console.delete(f"/apps/{app}")).status_code == 204
    return app


async def _first_time(stage: Stage) -> None:
    await _deleted(stage)


async def _second_time(stage: Stage) -> None:
    """An hour later, and a request under way has made an end user meanwhile."""
    app = await _deleted(stage)
    await stage.do(REMOVE_APP)
    workspace_id, _ = await stage.owner()
    async with stage.house.database.begin() as session:
        await find_or_create_end_user(session, workspace_id, app, "late")
    await stage.change(Job, Job.state == JobState.QUEUED, run_at=utc_now())


def _one_is_left(world: World) -> None:
    tables = ("apps", "app_configs", "api_keys", "conversations", "messages", "end_users", "upload_files")
    assert {name: len(world.rows[name]) for name in tables} == dict.fromkeys(tables, 1)
    assert len(world.files) == 1


CASES = [
    Case(
        REMOVE_APP,
        _first_time,
        "at first",
        _one_is_left,
        once="A second look is queued in the transaction that ends it; another run would queue another.",
    ),
    Case(REMOVE_APP, _second_time, "an hour later", _one_is_left),
]
