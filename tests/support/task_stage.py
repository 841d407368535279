"""An installation in which a job can be done step by step, and what there is to see in it afterwards."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx
from pydantic import BaseModel
from sqlalchemy import select, update
from starlette.applications import Starlette
from starlette.routing import Mount

from homeport.entry.api import console_api, service_api
from homeport.entry.settings import read_settings
from homeport.entry.wiring import House, open_house
from homeport.features.identity.tables import Membership
from homeport.features.knowledge.room import KnowledgeRoom
from homeport.runtime.config.sources import Sources
from homeport.runtime.db.columns import utc_now
from homeport.runtime.db.tables import Table
from homeport.runtime.tasks.jobs import Jobs
from homeport.runtime.tasks.tables import Job, JobState
from homeport.runtime.tasks.task import NoPayload, Task
from tests.support.house import Visitor

_UNFINISHED = (JobState.QUEUED, JobState.RUNNING)
#: Seconds: no two runs take the same time.
_DURATIONS = frozenset({"documents.indexing_latency", "messages.latency", "messages.first_token_latency"})
#: How a job came to its end is nobody's concern here; that it did, and what it was for, is.
_OF_A_JOB = ("task", "queue", "state", "payload", "workspace_id", "subject_id")
_MOST_ROUNDS = 50


@dataclass(frozen=True, slots=True)
class World:
    """What there is, in a form that can be compared: no times, no ids of jobs."""

    #: Rows by table, as sorted texts.
    rows: dict[str, list[str]]
    jobs: Counter[str]
    #: `(collection, id, document id, text)`.
    points: list[tuple[str, str, str, str]]
    #: Digest by key.
    files: dict[str, str]
    #: `(to, subject, text)` of every letter that arrived.
    letters: Counter[tuple[str, str, str]]
    message_ids: set[str]


@dataclass(slots=True)
class Stage:
    """The house, its administrator at the console, and jobs that run when they are told to."""

    house: House
    visitor: Visitor

    @property
    def console(self) -> httpx.AsyncClient:
        """The browser of the administrator."""
        return self.visitor.console

    def room(self, kind: type[Any]) -> Any:
        """The room of a slice."""
        return self.house.rooms[kind]

    async def owner(self) -> tuple[str, str]:
        """`(workspace id, account id)` of the administrator."""
        async with self.house.database.read() as session:
            row = (await session.execute(select(Membership))).scalars().first()
        assert row is not None
        return row.workspace_id, row.account_id

    async def dataset(self, name: str = "Harbour", technique: str = "high_quality") -> str:
        """A new knowledge base."""
        answer = await self.console.post("/datasets", json={"name": name, "indexing_technique": technique})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def document(self, dataset_id: str, text: str, name: str = "page.txt") -> str:
        """A new document, waiting to be indexed; each paragraph becomes a segment."""
        segmentation = {"separator": "\n\n", "max_tokens": 50}
        rule = json.dumps({"process_rule": {"mode": "custom", "rules": {"segmentation": segmentation}}})
        answer = await self.console.post(
            f"/datasets/{dataset_id}/documents/upload",
            files=[("file", (name, text.encode(), "text/plain"))],
            data={"data": rule},
        )
        assert answer.status_code == 201, answer.text
        return str(answer.json()["documents"][0]["id"])

    async def app(self, dataset_ids: tuple[str, ...] = (), name: str = "Guide", mode: str = "chat") -> str:
        """A new app."""
        answer = await self.console.post("/apps", json={"name": name, "mode": mode, "dataset_ids": list(dataset_ids)})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def enqueue(self, task: Task[Any, Any], payload: BaseModel | None = None, **options: Any) -> str:
        """Queue a job, as the timetable does."""
        async with self.house.database.begin() as session:
            return await Jobs(self.house.dispatcher).enqueue(session, task, payload or NoPayload(), **options)

    async def change(self, table: type[Table], *which: Any, **values: Any) -> None:
        """Write into rows, as time or an earlier version would."""
        async with self.house.database.begin() as session:
            await session.execute(update(table).where(*which).values(**values))

    async def age(self, table: type[Table], days: float, *columns: str) -> None:
        """Let all rows of a table be that much older."""
        await self.change(table, **dict.fromkeys(columns, utc_now() - timedelta(days=days)))

    async def unfinished(self, task: Task[Any, Any] | None = None) -> list[str]:
        """Ids of jobs that have not ended, oldest first."""
        query = select(Job.id).where(Job.state.in_(_UNFINISHED))
        if task is not None:
            query = query.where(Job.task == task.name)
        async with self.house.database.read() as session:
            return list((await session.execute(query.order_by(Job.created_at, Job.id))).scalars())

    async def do(self, task: Task[Any, Any]) -> None:
        """Do the jobs of one task that wait, and no others."""
        for job_id in await self.unfinished(task):
            await self.house.runner.run(job_id)

    async def settle(self) -> None:
        """Do every job that waits, and those which that causes."""
        for _ in range(_MOST_ROUNDS):
            left = await self.unfinished()
            if not left:
                return
            now = utc_now()
            await self.change(Job, Job.state == JobState.QUEUED, run_at=now, hint_at=now)
            await self.house.sweep.once()
            for job_id in left:
                await self.house.runner.run(job_id)
        raise AssertionError("jobs do not come to an end")

    async def let_leases_run_out(self) -> None:
        """As after a long silence of the worker that held them: the jobs stand at the front of their lines again."""
        long_ago = utc_now() - timedelta(minutes=1)
        await self.change(Job, Job.state == JobState.RUNNING, lease_until=long_ago, hint_at=long_ago)
        await self.house.sweep.once()

    async def requeue(self, job_id: str) -> None:
        """Let a job wait as if it had just been queued, whatever has become of it."""
        fresh = {"state": JobState.QUEUED, "attempt": 0, "turn": 0, "run_at": utc_now(), "finished_at": None}
        await self.change(Job, Job.id == job_id, **fresh)

    async def state_of(self, job_id: str) -> str:
        """Where a job stands."""
        async with self.house.database.read() as session:
            return (await session.execute(select(Job.state).where(Job.id == job_id))).scalar_one()

    async def look(
        self, received: list[tuple[list[str], EmailMessage]], volatile: frozenset[str], varying: str
    ) -> World:
        """What there is; `volatile` columns are left out, `varying` parts of payloads and letters are, too."""
        rows: dict[str, list[str]] = {}
        jobs: Counter[str] = Counter()
        async with self.house.database.read() as session:
            for table in Table.metadata.sorted_tables:
                found = [dict(row._mapping) for row in await session.execute(select(table))]
                if table.name == "jobs":
                    jobs = Counter(re.sub(varying, "…", str([row[name] for name in _OF_A_JOB])) for row in found)
                else:
                    rows[table.name] = sorted(_shown(table.name, row, volatile) for row in found)
        knowledge = self.room(KnowledgeRoom)
        points = [
            (collection, point.id, point.document_id, point.text)
            for collection in await knowledge.vectors.datasets()
            async for point in knowledge.vectors.points(collection)
        ]
        files = {key: await _digest(knowledge, key) async for key in knowledge.storage.list()}
        letters = Counter((str(to), str(one["Subject"]), re.sub(varying, "…", _text(one))) for to, one in received)
        return World(rows, jobs, sorted(points), files, letters, {str(one["Message-ID"]) for _, one in received})


def _shown(table: str, row: Mapping[str, Any], volatile: frozenset[str]) -> str:
    kept = {
        name: "a time" if isinstance(value, datetime) else value
        for name, value in row.items()
        if f"{table}.{name}" not in volatile | _DURATIONS
    }
    return str(sorted(kept.items()))


async def _digest(knowledge: KnowledgeRoom, key: str) -> str:
    return hashlib.sha256(await knowledge.storage.read(key)).hexdigest()


def _text(letter: EmailMessage) -> str:
    body = letter.get_body(("plain",))
    return "" if body is None else str(body.get_content())


@asynccontextmanager
async def open_stage(data_dir: Path, variables: Mapping[str, str]) -> AsyncIterator[Stage]:
    """The installation whose data lie in `data_dir`, its schema made already; no job runs by itself."""
    settings = read_settings(Sources({"HOMEPORT_DATA_DIR": str(data_dir), **variables}))
    async with AsyncExitStack() as stack:
        house = await stack.enter_async_context(open_house(settings, data_dir))
        console, service = console_api(described=False), service_api(described=False)
        for one in (console, service):
            one.state.house, one.state.provided = house, house.rooms
        app = Starlette(routes=[Mount("/v1", service), Mount("/console/api", console)])
        transport, base = httpx.ASGITransport(app), "http://homeport.test"

        def client(token: str) -> httpx.AsyncClient:
            headers = {"Authorization": f"Bearer {token}"}
            return httpx.AsyncClient(transport=transport, base_url=f"{base}/v1", headers=headers)

        visitor = Visitor(httpx.AsyncClient(transport=transport, base_url=f"{base}/console/api"), client)
        stack.push_async_callback(visitor.close)
        yield Stage(house, visitor)
