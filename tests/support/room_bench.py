"""The slices apps and chat over a real database, with apps full of rows and files, whose jobs may die at any step."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

from pydantic import BaseModel
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from homeport.backends.llm.registry import open_models
from homeport.backends.llm.settings import LlmSettings
from homeport.backends.storage.port import Storage
from homeport.backends.storage.registry import open_storage
from homeport.backends.storage.settings import StorageSettings
from homeport.entry.tables import METADATA
from homeport.features.apps import tasks as apps_tasks
from homeport.features.apps.room import AppsRoom
from homeport.features.apps.tables import App, AppConfig, AppDataset
from homeport.features.chat import tasks as chat_tasks
from homeport.features.chat.remove import RemainsOfApp
from homeport.features.chat.room import ChatRoom
from homeport.features.chat.settings import ChatSettings
from homeport.features.chat.stop import Stops
from homeport.features.chat.tables import Conversation, Feedback, Message
from homeport.features.files.room import FilesRoom
from homeport.features.files.settings import FilesSettings
from homeport.features.files.tables import UploaderRole, UploadFile
from homeport.features.identity.tables import ApiKey, EndUser, Workspace
from homeport.features.identity.vault import Vault
from homeport.features.providers.room import ProvidersRoom
from homeport.features.providers.settings import ProvidersSettings
from homeport.runtime.broadcast.local import LocalBroadcast
from homeport.runtime.db.columns import new_id, utc_now
from homeport.runtime.db.database import Database
from homeport.runtime.outbound.client import Outbound
from homeport.runtime.outbound.settings import OutboundSettings
from homeport.runtime.tasks.jobs import Jobs
from homeport.runtime.tasks.tables import Job
from homeport.runtime.tasks.task import Task
from tests.support.job_bench import Bench


class Killed(BaseException):
    """The process is gone, as far as the task can tell."""


@dataclass(slots=True)
class Fate:
    """Counts the steps of a task: each transaction that ended, each object deleted. Kills it at one of them."""

    dies_at: int = 0
    steps: int = 0

    def step(self) -> None:
        """One more."""
        self.steps += 1
        if self.steps == self.dies_at:
            raise Killed


class MortalDatabase:
    """The database, as a task sees it that may die after each transaction."""

    def __init__(self, database: Database, fate: Fate) -> None:
        self._database = database
        self._fate = fate

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncSession]:
        """See `Database.begin`."""
        async with self._database.begin() as session:
            yield session
        self._fate.step()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """See `Database.read`."""
        async with self._database.read() as session:
            yield session
        self._fate.step()


class MortalStorage:
    """The storage, as a task sees it that may die after each deletion."""

    def __init__(self, storage: Storage, fate: Fate) -> None:
        self._storage = storage
        self._fate = fate

    async def delete(self, key: str) -> None:
        """See `Storage.delete`."""
        await self._storage.delete(key)
        self._fate.step()


@dataclass(slots=True)
class Filled:
    """An app with everything an app can have."""

    id: str
    config_id: str
    end_users: list[str] = field(default_factory=list)
    conversations: list[str] = field(default_factory=list)


@dataclass(slots=True)
class RoomBench:
    """Rooms whose tasks may die, and a worker that does them."""

    jobs: Bench
    storage: Storage
    apps: AppsRoom
    chat: ChatRoom
    fate: Fate
    workspace_id: str

    @property
    def database(self) -> Database:
        """The immortal one."""
        return self.jobs.database

    async def add_app(
        self, *, people: int = 3, questions: int = 2, model: str = "title", asked: datetime | None = None
    ) -> Filled:
        """An app; each of `people` has a conversation of `questions` rated messages, and two files.

        `asked`: when the first question came; a minute lies between one and the next.
        """
        document = {"model": {"provider": "langgenius/openai/openai", "name": model}}
        app = Filled(new_id(), new_id())
        async with self.database.begin() as session:
            session.add(
                App(id=app.id, workspace_id=self.workspace_id, name="Full", mode="chat", config_id=app.config_id)
            )
            await session.flush()
            session.add(AppConfig(id=app.config_id, app_id=app.id, document=document))
            session.add(AppDataset(app_id=app.id, dataset_id=new_id()))
            session.add(
                ApiKey(kind="app", token_hash=new_id(), token_hint="", workspace_id=self.workspace_id, app_id=app.id)
            )
            for number in range(people):
                await self._add_person(session, app, number, questions, asked or utc_now())
        return app

    async def _add_person(
        self, session: AsyncSession, app: Filled, number: int, questions: int, asked: datetime
    ) -> None:
        person, conversation = new_id(), new_id()
        name = f"person {number}"
        session.add(
            EndUser(
                id=person, workspace_id=self.workspace_id, app_id=app.id,
                type="service-api", session_id=name, session_hash=name,
            )
        )  # fmt: skip
        last = asked + timedelta(minutes=max(questions - 1, 0))
        whose: dict[str, Any] = {"app_id": app.id, "from_source": "api", "end_user_id": person}
        session.add(Conversation(id=conversation, name="When does", created_at=asked, updated_at=last, **whose))
        await session.flush()
        for at in range(questions):
            message, moment = new_id(), asked + timedelta(minutes=at)
            session.add(
                Message(
                    id=message, conversation_id=conversation, config_id=app.config_id, query="When does it leave?",
                    answer="At noon.", status="normal", created_at=moment, **whose,
                )
            )  # fmt: skip
            await session.flush()
            session.add(
                Feedback(
                    app_id=app.id, conversation_id=conversation, message_id=message, person=person,
                    from_source="api", rating="like",
                )
            )  # fmt: skip
        for _ in range(2):
            await self.add_file(session, person)
        app.end_users.append(person)
        app.conversations.append(conversation)

    async def add_file(self, session: AsyncSession, person: str, **values: Any) -> str:
        """A stored file of an end user, with its row; answers its key."""
        key = f"upload_files/{self.workspace_id}/{new_id()}"
        await self.storage.write(key, b"content", "text/plain")
        row = {
            "workspace_id": self.workspace_id, "key": key, "name": "a.txt", "size": 7, "extension": "txt",
            "mime_type": "text/plain", "hash": "", "created_by_role": UploaderRole.END_USER, "created_by": person,
        }  # fmt: skip
        session.add(UploadFile(**(row | values)))
        return key

    async def count(self, table: type[Any], **values: Any) -> int:
        """Rows with these values."""
        query = select(func.count()).select_from(table).filter_by(**values)
        async with self.database.read() as session:
            return (await session.execute(query)).scalar_one()

    async def left_of(self, app: Filled) -> dict[str, int]:
        """How many rows, and stored objects, there still are of an app; nothing is listed that there is none of."""
        own = (App, "id"), (AppConfig, "app_id"), (AppDataset, "app_id"), (ApiKey, "app_id"), (EndUser, "app_id")
        said = (Conversation, "app_id"), (Message, "app_id"), (Feedback, "app_id")
        left = {table.__tablename__: await self.count(table, **{column: app.id}) for table, column in (*own, *said)}
        async with self.database.read() as session:
            keys = (await session.scalars(select(UploadFile.key).where(UploadFile.created_by.in_(app.end_users)))).all()
        left["upload_files"] = len(keys)
        left["objects"] = len([key for key in keys if await self.storage.exists(key)])
        return {name: count for name, count in left.items() if count}

    async def objects(self) -> int:
        """How many objects are stored."""
        return len([key async for key in self.storage.list()])

    async def enqueue(self, task: Task[Any, Any], payload: BaseModel) -> str:
        """Queue a job."""
        async with self.database.begin() as session:
            return await Jobs(self.jobs.hints).enqueue(session, task, payload)

    async def run(self, job_id: str) -> str:
        """Let a worker do the job, whatever the time; answers its state."""
        await self.jobs.make_due(job_id)
        await self.jobs.worker().run(job_id)
        return (await self.jobs.row(job_id)).state

    async def run_killed_at(self, step: int, job_id: str) -> bool:
        """Let the worker die at that step of the job, and another take it over; False: it had ended before."""
        self.fate.steps, self.fate.dies_at = 0, step
        try:
            await self.jobs.worker().run(job_id)
        except Killed:
            died = True
        else:
            died = False
        self.fate.dies_at = 0
        if (await self.jobs.row(job_id)).state == "running":
            await self.jobs.let_lease_run_out(job_id)
            await self.jobs.worker().run(job_id)
        assert (await self.jobs.row(job_id)).state == "succeeded"
        return died

    async def jobs_of(self, task: str) -> list[Job]:
        """Jobs of a task, oldest first."""
        async with self.database.read() as session:
            return list((await session.scalars(select(Job).where(Job.task == task).order_by(Job.id))).all())


@asynccontextmanager
async def open_room_bench(url: str, data_dir: Path, llm: dict[str, Any] | None = None) -> AsyncIterator[RoomBench]:
    """Over the empty database at `url`; the schema is made."""
    async with AsyncExitStack() as stack:
        database = Database(url)
        stack.push_async_callback(database.close)
        async with database.engine.begin() as connection:
            await connection.run_sync(METADATA.create_all)
        storage = await open_storage(StorageSettings(opendal_scheme="memory"), data_dir)
        stack.push_async_callback(storage.close)
        models = await open_models(LlmSettings.model_validate(llm or {}))
        stack.push_async_callback(models.close)
        outbound = Outbound(OutboundSettings())
        stack.push_async_callback(outbound.close)
        bench, fate, vault = Bench(database), Fate(), Vault(b"a secret")
        mortal = cast("Database", MortalDatabase(database, fate))
        providers = ProvidersRoom(database, models, vault, outbound, ProvidersSettings(), allow_private=True)
        files = FilesRoom(mortal, cast("Storage", MortalStorage(storage, fate)), FilesSettings(), vault)
        knowledge = cast("Any", None)  # nothing here looks for knowledge
        queue = Jobs(bench.hints)
        apps = AppsRoom(
            database=mortal,
            knowledge=knowledge,
            files=files,
            providers=providers,
            jobs=queue,
            remains=(RemainsOfApp(),),
        )
        chat = ChatRoom(
            database=mortal, apps=apps, knowledge=knowledge, providers=providers, jobs=queue,
            stops=Stops(database, LocalBroadcast(), replicas=False),
            settings=ChatSettings(sandbox_expired_records_clean_batch_size=3),
        )  # fmt: skip
        bench.registry.add(apps_tasks.TASKS, apps)
        bench.registry.add(chat_tasks.TASKS, chat)
        workspace_id = new_id()
        async with database.begin() as session:
            session.add(Workspace(id=workspace_id, name="one", sealed_key=""))
        yield RoomBench(bench, storage, apps, chat, fate, workspace_id)
        for worker in bench.workers:
            await worker.close()
