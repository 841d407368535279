"""The main job in one go: sample documents in, a question, a cited answer out. What is there already is used again."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import secrets
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from homeport.entry.data_dir import DataDirectoryInUse, held
from homeport.entry.migrate import migrate
from homeport.entry.sample.read_sample import SampleFile, read_sample
from homeport.entry.settings import Settings
from homeport.entry.wiring import House, jobs_running, open_house
from homeport.features.apps import published
from homeport.features.apps.change import change_app, create_app
from homeport.features.apps.repository import list_apps
from homeport.features.apps.room import AppsRoom
from homeport.features.apps.tables import App, AppMode
from homeport.features.chat.room import ChatRoom
from homeport.features.chat.speaker import Speaker
from homeport.features.chat.turn import Question, open_turn
from homeport.features.chat.write_answer import Outcome, write_answer
from homeport.features.files.upload import find_uploads
from homeport.features.identity.access import Member
from homeport.features.identity.repository import find_first_owner
from homeport.features.identity.roles import Role
from homeport.features.identity.room import IdentityRoom
from homeport.features.identity.set_up import FirstAdministrator, set_up
from homeport.features.knowledge.accept_files import accept_file, discard
from homeport.features.knowledge.add_documents import NewDocument, Wishes
from homeport.features.knowledge.create_dataset import NewDataset, create_dataset
from homeport.features.knowledge.receive_documents import keep_documents
from homeport.features.knowledge.repository.datasets import list_datasets
from homeport.features.knowledge.repository.documents import list_documents
from homeport.features.knowledge.room import KnowledgeRoom
from homeport.features.knowledge.tables import Dataset, Document, IndexingStatus, IndexingTechnique
from homeport.features.knowledge.update_document import update_document
from homeport.runtime.db.database import Database
from homeport.runtime.errors import HomeportError, Unavailable

DATASET = "Homeport sample"
APP = "Ask Homeport"
EMAIL = "demo@example.com"
QUESTION = "How do I let Ollama answer instead of the built-in answer?"
SUGGESTIONS = [QUESTION, "May I take a bicycle on the ferry?", "How long are umbrellas kept?"]

_SETTLED = (IndexingStatus.COMPLETED, IndexingStatus.ERROR, IndexingStatus.PAUSED)
_LOOK_AGAIN_SECONDS = 0.05
_PATIENCE_SECONDS = 180.0
_MOST = 200

Room = TypeVar("Room")


class NothingIndexed(Unavailable):
    """No document was indexed for minutes."""

    code = "nothing_indexed"


class Screen(Protocol):
    """Where the demo shows what it does, as it does it."""

    def administrator(self, email: str, password: str | None) -> None:
        """Whose knowledge base it will be; `password` only when the account was made now."""

    def indexing(self, done: int, total: int) -> None:
        """So many of the sample documents are settled."""

    def ready(self, loaded: Loaded) -> None:
        """Documents are indexed and the app stands."""

    def question(self, question: str) -> None:
        """What is asked."""

    def text(self, text: str) -> None:
        """A piece of the answer."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """The knowledge base and the app on it. `failed`: documents that could not be indexed, with the reason."""

    dataset_id: str
    app_id: str
    documents: int
    failed: dict[str, str]
    seconds: float


@dataclass(frozen=True, slots=True)
class Demo:
    """All that came of it."""

    email: str
    password: str | None
    loaded: Loaded
    question: str
    outcome: Outcome


def run_demo(settings: Settings, data_dir: Path, question: str, screen: Screen) -> Demo:
    """Migrate, load the sample, ask. Raises `DataDirectoryInUse`, `NothingIndexed`, and what kept the model silent."""
    with _alone(data_dir):
        return asyncio.run(_run(settings, data_dir, question, screen))


@contextlib.contextmanager
def _alone(data_dir: Path) -> Iterator[None]:
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(held(data_dir, "homeport demo"))
        except DataDirectoryInUse as error:
            raise DataDirectoryInUse(error.message, hint="Stop it, or choose another --data-dir.") from error
        yield


async def _run(settings: Settings, data_dir: Path, question: str, screen: Screen) -> Demo:
    database = Database(settings.database.url(data_dir), settings.database)
    try:
        await migrate(database)
    finally:
        await database.close()
    async with open_house(settings, data_dir, sole=settings.database.kind == "sqlite") as house, jobs_running(house):
        began = time.perf_counter()
        member, password = await _first_member(house)
        screen.administrator(member.email, password)
        documents, dataset = await _load(house, member, screen)
        app = await _app_on(house, member, dataset)
        failed = {one.name: one.error or "" for one in documents if one.indexing_status == IndexingStatus.ERROR}
        seconds = time.perf_counter() - began
        loaded = Loaded(dataset.id, app.id, len(documents), failed, seconds)
        screen.ready(loaded)
        screen.question(question)
        outcome = await _ask(house, member, app, question, screen)
    if outcome.error is not None:
        raise outcome.error
    return Demo(member.email, password, loaded, question, outcome)


def _room(house: House, kind: type[Room]) -> Room:
    room: Room = house.rooms[kind]
    return room


async def _first_member(house: House) -> tuple[Member, str | None]:
    """The owner of the first workspace; made, with a new password, where there is none."""
    room = _room(house, IdentityRoom)
    password = None
    async with house.database.read() as session:
        found = await find_first_owner(session)
    if found is None:
        password = _new_password()
        first = FirstAdministrator(EMAIL, "Demo", password)
        await set_up(room, first, init_password=room.settings.init_password.get_secret_value())
        async with house.database.read() as session:
            found = await find_first_owner(session)
    if found is None:
        raise HomeportError("Every workspace of this installation has lost its owner, so the demo can act for nobody.")
    account, workspace_id = found
    return Member(account.id, workspace_id, Role.OWNER, account.name, account.email), password


def _new_password() -> str:
    """Sixteen letters and digits, some of each, none that is mistaken for another."""
    letters, digits = "abcdefghjkmnpqrstuvwxyz", "23456789"
    groups = ("".join(secrets.choice(letters + digits) for _ in range(4)) for _ in range(3))
    return "-".join([*groups, *(secrets.choice(letters) + secrets.choice(digits) for _ in range(2))])


async def _load(house: House, member: Member, screen: Screen) -> tuple[list[Document], Dataset]:
    """Bring the knowledge base to what the sample holds now, and wait until its documents are settled."""
    room = _room(house, KnowledgeRoom)
    sample = {file.name: file for file in read_sample()}
    dataset = await _dataset(room, member)
    there = {document.name: document for document in await _documents(room, dataset, sample)}
    outdated = await _outdated(room, member, list(there.values()), sample)
    if missing := [file for name, file in sample.items() if name not in there]:
        await _add(room, member, dataset, missing)
    for document in outdated:
        await _renew(room, member, document, sample[document.name])
    return await _settled(room, dataset, sample, screen), dataset


async def _dataset(room: KnowledgeRoom, member: Member) -> Dataset:
    async with room.database.begin() as session:
        alike, _ = await list_datasets(session, member.workspace_id, page=1, limit=_MOST, keyword=DATASET)
        found = next((one for one in alike if one.name == DATASET), None)
        return found or await create_dataset(
            session,
            member.workspace_id,
            NewDataset(
                DATASET,
                "How to start and use Homeport, and the papers of a ferry company that does not exist.",
                permission="all_team_members",
                indexing_technique=IndexingTechnique.HIGH_QUALITY,
                retrieval_model={"search_method": "hybrid_search", "top_k": 4, "score_threshold_enabled": False},
            ),
            member.account_id,
        )


async def _documents(room: KnowledgeRoom, dataset: Dataset, sample: dict[str, SampleFile]) -> list[Document]:
    async with room.database.read() as session:
        found, _ = await list_documents(session, dataset.id, page=1, limit=_MOST)
    return [document for document in found if document.name in sample]


async def _outdated(
    room: KnowledgeRoom, member: Member, there: Sequence[Document], sample: dict[str, SampleFile]
) -> list[Document]:
    """Those with another content than the sample has now, and those that could not be indexed last time."""
    ids = [document.upload_file_id for document in there if document.upload_file_id]
    async with room.database.read() as session:
        files = await find_uploads(session, member.workspace_id, ids)
    hashes = {file_id: file.hash for file_id, file in files.items()}
    return [
        document
        for document in there
        if not document.archived
        and (
            document.indexing_status in (IndexingStatus.ERROR, IndexingStatus.PAUSED)
            or hashes.get(document.upload_file_id or "") != hashlib.sha256(sample[document.name].content).hexdigest()
        )
    ]


async def _add(room: KnowledgeRoom, member: Member, dataset: Dataset, files: Sequence[SampleFile]) -> None:
    stored: list[NewDocument] = []
    async with _discarded_unless_kept(room, stored):
        for file in files:
            document = await accept_file(room, member.workspace_id, file.name, _chunks(file), None)
            stored.append(document)
    await keep_documents(room, dataset, stored, Wishes(), created_by=member.account_id, created_from="web")


async def _renew(room: KnowledgeRoom, member: Member, document: Document, file: SampleFile) -> None:
    stored = [await accept_file(room, member.workspace_id, file.name, _chunks(file), None)]
    async with _discarded_unless_kept(room, stored), room.database.begin() as session:
        await update_document(
            room,
            session,
            member.workspace_id,
            document.dataset_id,
            document.id,
            stored[0],
            Wishes(),
            account_id=member.account_id,
        )


@contextlib.asynccontextmanager
async def _discarded_unless_kept(room: KnowledgeRoom, stored: Sequence[NewDocument]) -> AsyncIterator[None]:
    kept = False
    try:
        yield
        kept = True
    finally:
        if not kept:
            await discard(room, stored)


async def _chunks(file: SampleFile) -> AsyncIterator[bytes]:
    yield file.content


async def _settled(
    room: KnowledgeRoom, dataset: Dataset, sample: dict[str, SampleFile], screen: Screen
) -> list[Document]:
    """The sample's documents once each is indexed or has failed. Raises `NothingIndexed` after minutes of silence."""
    before, changed = -1, time.monotonic()
    while True:
        documents = await _documents(room, dataset, sample)
        done = sum(document.indexing_status in _SETTLED for document in documents)
        if done != before:
            before, changed = done, time.monotonic()
            screen.indexing(done, len(documents))
        if done == len(documents):
            return documents
        if time.monotonic() - changed > _PATIENCE_SECONDS:
            raise NothingIndexed(
                f"{done} of {len(documents)} documents were indexed, then none for {_PATIENCE_SECONDS:.0f} seconds.",
                hint="With CELERY_BROKER_URL set, documents are indexed by workers: is one running?",
            )
        await asyncio.sleep(_LOOK_AGAIN_SECONDS)


async def _app_on(house: House, member: Member, dataset: Dataset) -> published.Published:
    """The app of the demo that uses this knowledge base; made where there is none."""
    room = _room(house, AppsRoom)
    async with house.database.begin() as session:
        alike, _ = await list_apps(session, member.workspace_id, page=1, limit=_MOST, name=APP, mode=AppMode.CHAT)
        for listed in alike:
            found = await published.by_id(session, room.configurations, member.workspace_id, listed.id)
            if found.name == APP and dataset.id in found.configuration.dataset_ids:
                return found
        app: App
        app, _ = await create_app(
            session,
            member,
            name=APP,
            mode=AppMode.CHAT,
            dataset_ids=[dataset.id],
            description="Answers questions about Homeport from its own guide.",
            icon="⚓",
        )
        document: dict[str, Any] = {
            "suggested_questions": SUGGESTIONS,
            "opening_statement": "What would you like to know?",
        }
        await change_app(session, member, app.id, {}, document)
        await session.flush()
        return await published.by_id(session, room.configurations, member.workspace_id, app.id)


async def _ask(house: House, member: Member, app: published.Published, question: str, screen: Screen) -> Outcome:
    room = _room(house, ChatRoom)
    speaker = Speaker("console", None, member.account_id, member.account_id)
    async with house.database.begin() as session:
        turn = await open_turn(session, app, speaker, Question(question, {}), room.settings)
    return await write_answer(room, turn, _OnScreen(screen))


@dataclass(frozen=True, slots=True)
class _OnScreen:
    """A sink of answers."""

    screen: Screen

    def text(self, text: str) -> None:
        self.screen.text(text)

    def end(self, outcome: Outcome) -> None:
        """Nothing: the outcome is returned as well."""
