"""The knowledge slice with everything it stands on, over a real database: console, public API, jobs that run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from homeport.backends.llm.registry import open_models
from homeport.backends.llm.settings import LlmSettings
from homeport.backends.mail.settings import MailSettings
from homeport.backends.storage.registry import open_storage
from homeport.backends.storage.settings import StorageSettings
from homeport.backends.vectors.port import VectorStore
from homeport.backends.vectors.registry import open_vectors
from homeport.backends.vectors.settings import VectorSettings
from homeport.features.files.room import FilesRoom
from homeport.features.files.settings import FilesSettings
from homeport.features.identity.endpoints import console as identity_console
from homeport.features.identity.keys import issue_key
from homeport.features.identity.passwords import Passwords
from homeport.features.identity.room import IdentityRoom
from homeport.features.identity.settings import IdentitySettings
from homeport.features.identity.tables import Account, Membership, Workspace
from homeport.features.identity.vault import Vault
from homeport.features.knowledge import tasks
from homeport.features.knowledge.endpoints import console, public
from homeport.features.knowledge.room import KnowledgeRoom
from homeport.features.knowledge.settings import KnowledgeSettings
from homeport.features.knowledge.tables import Dataset, Document, Segment
from homeport.features.mail import send as mail_tasks
from homeport.features.mail.room import MailRoom
from homeport.features.providers.room import ProvidersRoom
from homeport.features.providers.settings import ProvidersSettings
from homeport.runtime.db.columns import new_id
from homeport.runtime.db.database import Database
from homeport.runtime.db.tables import Table
from homeport.runtime.http import problems
from homeport.runtime.offload.pool import Offload
from homeport.runtime.offload.settings import OffloadSettings
from homeport.runtime.outbound.client import Outbound
from homeport.runtime.outbound.settings import OutboundSettings
from homeport.runtime.tasks.dispatchers.local import LocalDispatcher
from homeport.runtime.tasks.jobs import Jobs
from homeport.runtime.tasks.run import Runner
from homeport.runtime.tasks.sweep import Sweep
from homeport.runtime.tasks.tables import Job, JobState
from homeport.runtime.tasks.task import Registry
from tests.support.identity_app import CHEAP, EMAIL, FIRST, PASSWORD

_UNFINISHED = (JobState.QUEUED, JobState.RUNNING)


class Usages:
    """Apps per dataset, as a test says."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}

    async def count(self, session: AsyncSession, dataset_ids: Sequence[str]) -> dict[str, int]:  # noqa: ARG002
        """See `DatasetUsages.count`."""
        return {key: self.counts[key] for key in dataset_ids if key in self.counts}


@dataclass(slots=True)
class KnowledgeApp:
    """The application, its room, and the workers of its jobs."""

    app: FastAPI
    room: KnowledgeRoom
    usages: Usages
    registry: Registry
    dispatcher: LocalDispatcher
    runners: list[Runner] = field(default_factory=list)

    @property
    def database(self) -> Database:
        """The database."""
        return self.room.database

    async def workspace(self, name: str = "one") -> tuple[str, str]:
        """A new workspace with an owner: `(workspace id, account id)`."""
        workspace_id, account_id = new_id(), new_id()
        async with self.database.begin() as session:
            session.add(Workspace(id=workspace_id, name=name, sealed_key=""))
            email = f"{name}@example.org"
            session.add(Account(id=account_id, email=email, name=f"Owner of {name}", password_hash=""))
            await session.flush()
            session.add(Membership(workspace_id=workspace_id, account_id=account_id, role="owner", current=True))
        return workspace_id, account_id

    async def client(self, workspace_id: str) -> httpx.AsyncClient:
        """A client of the public API with a dataset key of the workspace."""
        async with self.database.begin() as session:
            key = await issue_key(session, "dataset", workspace_id)
        return self.anonymous({"Authorization": f"Bearer {key.token}"})

    def anonymous(self, headers: dict[str, str] | None = None) -> httpx.AsyncClient:
        """A client without a key."""
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url="http://homeport.test/v1", headers=headers)

    async def browser(self) -> httpx.AsyncClient:
        """A browser in which the first administrator has logged in."""
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        browser = httpx.AsyncClient(transport=transport, base_url="http://homeport.test/console/api")
        answer = await browser.post("/setup", json=FIRST)
        assert answer.status_code == 201, answer.text
        answer = await browser.post("/login", json={"email": EMAIL, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        browser.headers["X-CSRF-Token"] = browser.cookies["csrf_token"]
        return browser

    async def new_runner(self) -> Runner:
        """A worker that takes over from now on, as after a restart."""
        runner = Runner(self.database, self.registry)
        self.dispatcher.connect(runner.run)
        self.runners.append(runner)
        return runner

    async def settle(self, *, tries: int = 3000) -> None:
        """Wait until no job is left, sending forgotten hints."""
        sweep = Sweep(self.database, self.dispatcher, grace=timedelta(0))
        for _ in range(tries):
            async with self.database.read() as session:
                left = await session.scalar(select(func.count()).select_from(Job).where(Job.state.in_(_UNFINISHED)))
            if not left:
                return
            await sweep.once()
            await asyncio.sleep(0.01)
        raise AssertionError("jobs do not come to an end")

    async def jobs(self) -> list[tuple[str, str, str | None]]:
        """`(task, state, last error)` of all jobs."""
        async with self.database.read() as session:
            rows = await session.execute(select(Job.task, Job.state, Job.last_error).order_by(Job.id))
        return [(row.task, row.state, row.last_error) for row in rows]

    async def document(self, document_id: str) -> Document:
        """A document's row."""
        async with self.database.read() as session:
            return (await session.execute(select(Document).where(Document.id == document_id))).scalar_one()

    async def dataset(self, dataset_id: str) -> Dataset:
        """A dataset's row."""
        async with self.database.read() as session:
            return (await session.execute(select(Dataset).where(Dataset.id == dataset_id))).scalar_one()

    async def segments(self, document_id: str) -> list[Segment]:
        """All segments of a document, of any edition."""
        query = select(Segment).where(Segment.document_id == document_id).order_by(Segment.edition, Segment.position)
        async with self.database.read() as session:
            return list((await session.execute(query)).scalars())

    async def point_ids(self, dataset_id: str) -> list[str]:
        """Ids of everything the index holds of a dataset."""
        collection = (await self.dataset(dataset_id)).collection
        return sorted([point.id async for point in self.room.vectors.points(collection)])

    async def stored_keys(self) -> list[str]:
        """Everything that lies in the storage."""
        return sorted([key async for key in self.room.storage.list()])


@asynccontextmanager
async def open_knowledge_app(
    url: str,
    data_dir: Path,
    *,
    vectors: str | VectorStore = "memory",
    start: bool = True,
    files: dict[str, Any] | None = None,
    llm: dict[str, Any] | None = None,
    mail: dict[str, Any] | None = None,
    **settings: Any,
) -> AsyncIterator[KnowledgeApp]:
    """The application over the empty database at `url`; its tables are made. `start`: jobs run at once."""
    async with AsyncExitStack() as stack:
        database = Database(url)
        stack.push_async_callback(database.close)
        async with database.engine.begin() as connection:
            await connection.run_sync(Table.metadata.create_all)
        storage = await open_storage(StorageSettings(opendal_scheme="memory"), data_dir)
        stack.push_async_callback(storage.close)
        store = (
            await open_vectors(VectorSettings(vector_store=vectors), data_dir) if isinstance(vectors, str) else vectors
        )
        stack.push_async_callback(store.close)
        models = await open_models(LlmSettings.model_validate(llm or {}))
        stack.push_async_callback(models.close)
        offload = Offload(OffloadSettings())
        stack.push_async_callback(offload.close)
        outbound = Outbound(OutboundSettings())
        stack.push_async_callback(outbound.close)
        vault = Vault(b"a secret")
        registry, dispatcher, usages = Registry(), LocalDispatcher(), Usages()
        stack.push_async_callback(dispatcher.close)
        identity = IdentityRoom(database, IdentitySettings(), vault, Passwords(CHEAP))
        jobs = Jobs(dispatcher)
        letters = MailRoom(database, jobs, MailSettings.model_validate(mail or {}))
        stack.push_async_callback(letters.close)
        room = KnowledgeRoom(
            database=database,
            storage=storage,
            vectors=store,
            providers=ProvidersRoom(database, models, vault, outbound, ProvidersSettings(), allow_private=True),
            files=FilesRoom(database, storage, FilesSettings.model_validate(files or {}), vault),
            jobs=jobs,
            offload=offload,
            outbound=outbound,
            settings=KnowledgeSettings.model_validate(settings),
            usages=usages,
            mail=letters,
        )
        registry.add(tasks.TASKS, room)
        registry.add(mail_tasks.TASKS, letters)
        app = FastAPI()
        app.include_router(identity_console.router, prefix="/console/api")
        app.include_router(console.router, prefix="/console/api")
        app.include_router(public.router, prefix="/v1")
        problems.install(app)
        app.state.provided = {Database: database, IdentityRoom: identity, KnowledgeRoom: room}
        opened = KnowledgeApp(app, room, usages, registry, dispatcher)
        await opened.new_runner()
        if start:
            await dispatcher.start()
        try:
            yield opened
        finally:
            await dispatcher.close()
            for runner in opened.runners:
                await runner.close()
            await room.hits.close()
