"""Background jobs over the console API: who may see and change them, and what they then see and change."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
import pytest

from homeport.backends.mail.settings import MailSettings
from homeport.features.identity.roles import Role
from homeport.features.mail.room import MailRoom
from homeport.features.operate.count_ends import RecentEnds
from homeport.features.operate.endpoints import console
from homeport.features.operate.room import OperateRoom
from homeport.features.operate.settings import OperateSettings
from homeport.runtime.broadcast.local import LocalBroadcast
from homeport.runtime.db.columns import new_id, utc_now
from homeport.runtime.errors import HomeportError
from homeport.runtime.tasks.jobs import STOP_JOB, Jobs
from homeport.runtime.tasks.presence import Presence
from homeport.runtime.tasks.queues import Queue
from homeport.runtime.tasks.tables import JobState
from homeport.runtime.tasks.task import RunningJob
from tests.support.identity_app import EMAIL, IdentityApp, log_in, open_identity_app
from tests.support.job_bench import Bench, Diary, Note

SECRET = "what a user wrote"
NOBODY = "01936f2c-7d1e-7c3a-9d55-0a3f4b7c1e21"
ROUTES: tuple[tuple[str, str, Any], ...] = (
    ("GET", "/jobs", None),
    ("GET", f"/jobs/{NOBODY}", None),
    ("POST", "/jobs/retry", {"ids": [NOBODY]}),
    ("POST", "/jobs/replay", {}),
    ("POST", "/jobs/cancel", {"ids": [NOBODY]}),
    ("GET", "/queues", None),
    ("POST", "/queues/mail/pause", None),
    ("POST", "/queues/mail/resume", None),
    ("POST", "/queues/mail/limits", {"at_once": 1}),
)


async def _refuse(_diary: Diary, _note: Note, _job: RunningJob) -> None:
    raise HomeportError("The document is empty.")


class Clock:
    """Seconds that pass when a test says so."""

    now = 100.0

    def __call__(self) -> float:
        """The time."""
        return self.now


@dataclass(slots=True)
class Desk:
    """An application with jobs, and the administrator's browser."""

    app: IdentityApp
    bench: Bench
    browser: httpx.AsyncClient
    clock: Clock
    stopped: list[str] = field(default_factory=list)

    async def get(self, path: str, **query: Any) -> Any:
        """What a GET answers."""
        answer = await self.browser.get(f"/console/api/operate{path}", params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, body: Any = None) -> Any:
        """What a POST answers."""
        answer = await self.browser.post(f"/console/api/operate{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def ids(self, **query: Any) -> list[str]:
        """The ids of the jobs that fit."""
        return [job["id"] for job in (await self.get("/jobs", **query))["data"]]

    async def fail(self, **options: Any) -> str:
        """The id of a job that has failed."""
        job_id = await self.bench.enqueue(self.bench.task(_refuse), SECRET, **options)
        await self.bench.worker().run(job_id, Queue.DATASET)
        return job_id

    async def state(self, job_id: str) -> str:
        """As the database has it."""
        return (await self.bench.row(job_id)).state


@pytest.fixture
async def desk(sqlite_url: str) -> AsyncIterator[Desk]:
    """The owner of the first workspace is logged in."""
    async with open_identity_app(sqlite_url) as app, app.browser() as browser:
        bench = Bench(app.room.database)
        made = Desk(app, bench, browser, Clock())

        async def stop(job_id: str) -> None:
            made.stopped.append(job_id)

        broadcast = LocalBroadcast()
        broadcast.listen(STOP_JOB, stop)
        jobs = Jobs(bench.hints, broadcast)
        mail = MailRoom(bench.database, jobs, MailSettings())
        app.app.include_router(console.router, prefix="/console/api")
        app.app.state.provided[OperateRoom] = OperateRoom(
            bench.database, OperateSettings(), mail, bench.hints, jobs, RecentEnds(made.clock)
        )
        await app.add_person(EMAIL, Role.OWNER)
        await log_in(browser)
        yield made
        for worker in bench.workers:
            await worker.close()


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
async def test_every_route_is_for_those_who_answer_for_the_installation(
    desk: Desk, method: str, path: str, body: Any
) -> None:
    first = (await desk.browser.get("/console/api/workspaces/current")).json()
    assert first["operates"] is True
    people = {"editor@example.org": (Role.EDITOR, first["id"]), "other@example.org": (Role.OWNER, None)}
    for email, (role, workspace_id) in people.items():
        await desk.app.add_person(email, role, workspace_id)
        async with desk.app.browser() as browser:
            assert (await browser.request(method, f"/console/api/operate{path}", json=body)).status_code == 401
            await log_in(browser, email)
            answer = await browser.request(method, f"/console/api/operate{path}", json=body)
            assert (await browser.get("/console/api/workspaces/current")).json()["operates"] is False
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
        assert (
            answer.json()["message"]
            == "This is for owners and administrators of the workspace that was made at the set-up."
        )


async def test_an_administrator_of_the_first_workspace_may_too(desk: Desk) -> None:
    first = (await desk.browser.get("/console/api/workspaces/current")).json()
    await desk.app.add_person("admin@example.org", Role.ADMIN, first["id"])
    async with desk.app.browser() as browser:
        await log_in(browser, "admin@example.org")
        assert (await browser.get("/console/api/operate/queues")).status_code == 200


async def test_a_change_needs_the_token_of_the_session(desk: Desk) -> None:
    del desk.browser.headers["X-CSRF-Token"]
    answer = await desk.browser.post("/console/api/operate/queues/mail/pause")
    assert answer.status_code == 401


async def test_a_job_is_shown_with_its_reason_and_without_its_payload(desk: Desk) -> None:
    workspace_id, subject_id = new_id(), new_id()
    job_id = await desk.fail(workspace_id=workspace_id, subject_id=subject_id)
    shown = await desk.get(f"/jobs/{job_id}")
    assert (shown["state"], shown["reason"], shown["queue"]) == ("failed", "The document is empty.", "dataset")
    assert (shown["workspace_id"], shown["subject_id"], shown["attempt"]) == (workspace_id, subject_id, 1)
    assert isinstance(shown["created_at"], int)
    listed = (await desk.get("/jobs"))["data"]
    assert listed == [shown]
    assert SECRET not in str(listed)


async def test_jobs_are_chosen_by_each_part_of_the_filter(desk: Desk) -> None:
    workspace_id, subject_id = new_id(), new_id()
    failed = await desk.fail(workspace_id=workspace_id, subject_id=subject_id)
    waiting = await desk.bench.enqueue(desk.bench.task())
    await desk.bench.change(waiting, created_at=utc_now() - timedelta(days=2))
    yesterday = int((utc_now() - timedelta(days=1)).timestamp())
    chosen: tuple[dict[str, Any], ...] = (
        {"state": "failed"},
        {"state": ["failed", "cancelled"], "queue": ["dataset", "mail"]},
        {"task": "test._refuse"},
        {"workspace_id": workspace_id},
        {"subject_id": subject_id},
        {"since": yesterday},
        {"error": "is empty"},
    )
    for query in chosen:
        assert await desk.ids(**query) == [failed], query
    assert await desk.ids(queue="mail") == []
    assert await desk.ids() == [waiting, failed]


async def test_pages_follow_one_another(desk: Desk) -> None:
    made = [await desk.bench.enqueue(desk.bench.task()) for _ in range(5)]
    first = await desk.get("/jobs", limit=3)
    assert ([job["id"] for job in first["data"]], first["has_more"]) == (made[:1:-1], True)
    second = await desk.get("/jobs", limit=3, before=first["data"][-1]["id"])
    assert ([job["id"] for job in second["data"]], second["has_more"]) == (made[1::-1], False)


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "sentence"),
    [
        ("GET", "/jobs?queue=datasets", None, 404, "There is no queue 'datasets'"),
        ("GET", "/jobs?state=lost", None, 400, "state"),
        ("GET", "/jobs?workspace_id=7", None, 400, "workspace_id"),
        ("GET", "/jobs?limit=1000", None, 400, "limit"),
        ("GET", "/jobs?since=-1", None, 400, "since"),
        ("GET", "/jobs?error=%00", None, 400, "Error has a NUL"),
        ("GET", f"/jobs/{NOBODY}", None, 404, "There is no job"),
        ("POST", "/jobs/retry", {"ids": []}, 400, "ids"),
        ("POST", "/jobs/retry", {"ids": [NOBODY]}, 404, "There is no job"),
        ("POST", "/jobs/replay", {"filter": {"queues": ["mail"]}}, 400, "queues"),
        ("POST", "/jobs/replay", {"filter": {"queue": ["mails"]}}, 404, "Did you mean mail?"),
        ("POST", "/jobs/cancel", {}, 400, "This would cancel every job"),
        ("POST", "/jobs/cancel", {"filter": {"state": ["queued"]}}, 400, "This would cancel every job"),
        ("POST", "/jobs/cancel", {"ids": [NOBODY]}, 404, "There is no job"),
        ("POST", "/queues/mails/pause", None, 404, "Did you mean mail?"),
        ("POST", "/queues/mails/resume", None, 404, "Did you mean mail?"),
        ("POST", "/queues/mails/limits", {"at_once": 1}, 404, "Did you mean mail?"),
        ("POST", "/queues/mail/limits", {}, 400, "No limit is named"),
        ("POST", "/queues/mail/limits", {"at_once": 0}, 400, "at_once"),
        ("POST", "/queues/mail/limits", {"at_most": 1}, 400, "at_most"),
    ],
)
async def test_what_is_not_accepted_is_refused_with_a_sentence(
    desk: Desk, method: str, path: str, body: Any, status: int, sentence: str
) -> None:
    answer = await desk.browser.request(method, f"/console/api/operate{path}", json=body)
    said = answer.json()
    assert (answer.status_code, said["status"]) == (status, status), said
    assert sentence in said["message"]
    assert "\n" not in said["message"]


async def test_a_failed_job_is_retried_and_its_worker_is_told(desk: Desk) -> None:
    failed, waiting = await desk.fail(), await desk.bench.enqueue(desk.bench.task())
    desk.bench.hints.sent.clear()
    assert await desk.post("/jobs/retry", {"ids": [failed, waiting]}) == {"changed": 1, "has_more": False}
    assert await desk.state(failed) == JobState.QUEUED
    assert desk.bench.hints.sent == [("dataset", failed)]


async def test_a_replay_takes_the_failed_ones_that_fit(desk: Desk) -> None:
    workspace_id = new_id()
    mine, other = await desk.fail(workspace_id=workspace_id), await desk.fail()
    body = {"filter": {"queue": ["dataset"], "workspace_id": workspace_id}}
    assert await desk.post("/jobs/replay", body) == {"changed": 1, "has_more": False, "last": mine}
    assert (await desk.state(mine), await desk.state(other)) == (JobState.QUEUED, JobState.FAILED)
    assert await desk.post("/jobs/replay", {"after": other}) == {"changed": 0, "has_more": False, "last": None}
    assert await desk.post("/jobs/replay", {}) == {"changed": 1, "has_more": False, "last": other}
    assert await desk.state(other) == JobState.QUEUED


async def test_jobs_are_cancelled_by_id_and_by_filter(desk: Desk) -> None:
    one, two = [await desk.bench.enqueue(desk.bench.task()) for _ in range(2)]
    assert await desk.post("/jobs/cancel", {"ids": [one]}) == {"changed": 1, "has_more": False}
    assert (await desk.state(one), await desk.state(two)) == (JobState.CANCELLED, JobState.QUEUED)
    assert await desk.post("/jobs/cancel", {"filter": {"queue": ["dataset"]}}) == {"changed": 1, "has_more": False}
    assert await desk.state(two) == JobState.CANCELLED
    assert await desk.post("/jobs/cancel", {"ids": [one]}) == {"changed": 0, "has_more": False}


async def test_a_running_job_is_asked_to_stop(desk: Desk) -> None:
    job_id = await desk.bench.enqueue(desk.bench.task())
    later = utc_now() + timedelta(minutes=1)
    await desk.bench.change(job_id, state=JobState.RUNNING, leased_by="a", lease_until=later, turn=None)
    assert await desk.post("/jobs/cancel", {"ids": [job_id]}) == {"changed": 1, "has_more": False}
    assert desk.stopped == [job_id]
    assert (await desk.get(f"/jobs/{job_id}"))["reason"].endswith("It has been asked to stop.")


async def test_a_paused_queue_says_by_whom_and_a_resumed_one_goes_on(desk: Desk) -> None:
    job_id = await desk.bench.enqueue(desk.bench.task())
    await desk.post("/queues/dataset/pause")
    assert f"UTC by {EMAIL}." in (await desk.get(f"/jobs/{job_id}"))["reason"]
    paused = {queue["queue"] for queue in (await desk.get("/queues"))["queues"] if queue["paused_at"]}
    assert paused == {"dataset"}
    desk.bench.hints.sent.clear()
    await desk.post("/queues/dataset/resume")
    assert desk.bench.hints.sent == [("dataset", job_id)]
    assert not [queue for queue in (await desk.get("/queues"))["queues"] if queue["paused_at"]]


async def test_limits_are_set_kept_and_taken_away(desk: Desk) -> None:
    async def limits() -> tuple[Any, ...]:
        queues = {queue["queue"]: queue for queue in (await desk.get("/queues"))["queues"]}
        return tuple(queues["mail"][name] for name in ("at_once", "per_workspace", "per_minute"))

    await desk.post("/queues/mail/limits", {"at_once": 4, "per_minute": 100})
    assert await limits() == (4, None, 100)
    await desk.post("/queues/mail/limits", {"per_minute": None, "per_workspace": 2})
    assert await limits() == (4, 2, None)


async def test_the_overview_has_every_queue_the_workers_and_the_last_hour(desk: Desk) -> None:
    await desk.fail()
    await desk.bench.enqueue(desk.bench.task())
    presence = Presence(desk.bench.database, desk.bench.worker(), kind="worker", version="1", queues=["dataset"])
    await presence.say()
    overview = await desk.get("/queues")
    assert [queue["queue"] for queue in overview["queues"]] == list(Queue)
    dataset = next(queue for queue in overview["queues"] if queue["queue"] == "dataset")
    assert (dataset["waiting"], dataset["failed"], dataset["workers"]) == (1, 1, 1)
    assert [(worker["kind"], worker["alive"], worker["queues"]) for worker in overview["workers"]] == [
        ("worker", True, ["dataset"])
    ]
    assert (len(overview["succeeded"]), sum(overview["failed"])) == (60, 1)


async def test_the_last_hour_is_counted_anew_after_five_seconds(desk: Desk) -> None:
    assert sum((await desk.get("/queues"))["failed"]) == 0
    await desk.fail()
    desk.clock.now += 4.9
    assert sum((await desk.get("/queues"))["failed"]) == 0
    desk.clock.now += 0.1
    assert sum((await desk.get("/queues"))["failed"]) == 1
