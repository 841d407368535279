"""One run: people add, change and delete documents while processes and the broker die; then all must be right."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import select

from homeport.backends.storage.registry import open_storage
from homeport.entry.settings import read_settings
from homeport.features.files.remove_unkept import remove_unkept
from homeport.features.files.room import FilesRoom
from homeport.features.identity.vault import Vault
from homeport.features.knowledge.tables import Document, IndexingStatus
from homeport.runtime.config.sources import Sources
from homeport.runtime.db.columns import utc_now
from homeport.runtime.db.database import Database
from homeport.runtime.tasks.tables import Job, JobState
from tests.support.chaos_brokers import MortalBroker
from tests.support.chaos_crew import Crew, Teller
from tests.support.chaos_launch import TICK
from tests.support.chaos_plan import Scale, plan_blows
from tests.support.chaos_users import Librarian, name_of
from tests.support.indexing import PARAGRAPHS, Stock, opening_of

BROKER_DIES, BROKER_IS_EMPTIED = "the broker dies", "the broker is emptied"
#: Seconds a broker stays away, least and most.
_AWAY = (0.5, 4.0)
#: Seconds until everything is done, once nothing dies any more: some leases and some pauses between attempts.
_PATIENCE = 240.0
_LOOK_SECONDS = 0.2
_LOOKS_FOR_WORK = 10
_FEW = 4


@dataclass(slots=True)
class Chaos:
    """What takes part in a run."""

    crew: Crew
    variables: dict[str, str]
    seed: str
    scale: Scale
    say: Teller
    broker: MortalBroker | None = None
    blows: Counter[str] = field(default_factory=Counter)

    async def strike(self, pauses: tuple[float, float]) -> None:
        """Kill and flush by the plan."""
        luck = Random(f"{self.seed} blows")
        workers = [name for name in self.crew.members if name.startswith("worker")]
        targets = [*self.crew.members, *workers, *([BROKER_DIES, BROKER_IS_EMPTIED] if self.broker else [])]
        began = time.monotonic()
        for blow in plan_blows(luck, targets, self.scale.seconds, pauses):
            await asyncio.sleep(max(blow.at - (time.monotonic() - began), 0))
            self.say(blow.target if blow.target.startswith("the broker") else f"{blow.target} is killed")
            self.blows[blow.target] += 1
            await self._strike(blow.target, luck.uniform(*_AWAY))

    async def _strike(self, target: str, seconds: float) -> None:
        if self.broker is None or not target.startswith("the broker"):
            await self._wait_for_work(target)
            self.crew.kill(target)
        elif target == BROKER_IS_EMPTIED:
            await asyncio.to_thread(self.broker.empty)
        else:
            await asyncio.to_thread(self.broker.kill)
            await asyncio.sleep(seconds)
            await asyncio.to_thread(self.broker.start)

    async def _wait_for_work(self, target: str) -> None:
        """A moment in which the process has a job, if one comes soon: a kill tells more then."""
        process = self.crew.members[target].process
        if process is None or target == "prefork":  # whose jobs its children have
            return
        mine = select(Job.id).where(Job.state == JobState.RUNNING, Job.leased_by.contains(f":{process.popen.pid}:"))
        async with opened(self.variables) as database:
            for _ in range(_LOOKS_FOR_WORK if target.startswith(("worker", "up")) else 0):
                async with database.read() as session:
                    if (await session.execute(mine.limit(1))).first() is not None:
                        return
                await asyncio.sleep(_LOOK_SECONDS)

    async def settle(self) -> None:
        """Wait until every job has ended and every document is completed; an error ends the run at once."""
        end = time.monotonic() + _PATIENCE
        async with opened(self.variables) as database:
            while left := await _unfinished(database):
                if time.monotonic() > end:
                    pytest.fail(f"{self.seed}: after {_PATIENCE:.0f} s of calm there are still {left}")
                await asyncio.sleep(_LOOK_SECONDS)


@asynccontextmanager
async def opened(variables: dict[str, str]) -> AsyncIterator[Database]:
    """The database of an installation."""
    settings = read_settings(Sources(variables))
    database = Database(settings.database.url(Path(variables["HOMEPORT_DATA_DIR"])), settings.database)
    try:
        yield database
    finally:
        await database.close()


async def _unfinished(database: Database) -> list[str]:
    """What is not done yet, in words."""
    async with database.read() as session:
        jobs = (await session.execute(select(Job).where(Job.task != TICK.name))).scalars().all()
        documents = (await session.execute(select(Document))).scalars().all()
    failed = [one for one in jobs if one.state not in (JobState.QUEUED, JobState.RUNNING, JobState.SUCCEEDED)]
    wrong = [f"{one.task} {one.state} after {one.attempt} attempts: {one.last_error}" for one in failed]
    wrong += [f"{one.name}: {one.error}" for one in documents if one.indexing_status == IndexingStatus.ERROR]
    if wrong:
        pytest.fail("\n".join(wrong))
    found = [
        f"{one.task} {one.state} attempt {one.attempt}, turn {one.turn}, run at {one.run_at}, hint at {one.hint_at}, "
        f"lease until {one.lease_until}: {one.last_error}"
        for one in jobs
        if one.state != JobState.SUCCEEDED
    ]
    incomplete = [one for one in documents if one.indexing_status != IndexingStatus.COMPLETED]
    return found or [f"{one.name} {one.indexing_status}" for one in incomplete]


async def work_on(librarian: Librarian, scale: Scale, seed: str, say: Teller) -> None:
    """The rest of the documents, a few at a time, with updates and deletions between; spread over the chaos."""
    luck = Random(f"{seed} work")
    rest = range(len(librarian.editions), scale.documents)
    steps = [rest[start : start + _FEW] for start in range(0, len(rest), _FEW)]
    for step in steps:
        began = time.monotonic()
        await librarian.add(step)
        known = sorted(librarian.editions)
        await librarian.delete(luck.choice(known))
        changed = luck.choice(sorted(librarian.editions))
        for _ in range(luck.choice((1, 1, 2))):
            await librarian.update(changed)
        say(f"{len(librarian.editions)} documents; {name_of(changed)} has edition {librarian.editions[changed]}")
        pause = scale.seconds / len(steps) - (time.monotonic() - began)
        await asyncio.sleep(max(pause, 0))


def assert_contents(stock: Stock, librarian: Librarian) -> None:
    """Every document of the librarian says what it was last given, page by page."""
    for number, edition in librarian.editions.items():
        pages = stock.contents[name_of(number)]
        assert len(pages) == PARAGRAPHS, name_of(number)
        for page, content in enumerate(pages):
            assert content.startswith(opening_of(number, page, edition).strip()), name_of(number)


async def remove_what_was_never_kept(variables: dict[str, str]) -> int:
    """Do now what the timetable does each day: contents whose API was killed before their rows; answers how many."""
    settings = read_settings(Sources(variables))
    data_dir = Path(variables["HOMEPORT_DATA_DIR"])
    storage = await open_storage(settings.storage, data_dir)
    try:
        async with opened(variables) as database:
            room = FilesRoom(database, storage, settings.files, Vault(b"signs nothing here"))
            return await remove_unkept(room, utc_now())
    finally:
        await storage.close()


async def read_jobs_and_documents(variables: dict[str, str]) -> tuple[list[Job], list[Document]]:
    """All of them."""
    async with opened(variables) as database, database.read() as session:
        jobs = (await session.execute(select(Job).order_by(Job.created_at))).scalars().all()
        documents = (await session.execute(select(Document))).scalars().all()
    return list(jobs), list(documents)


def assert_each_due_time_once(jobs: Sequence[Job]) -> int:
    """No two jobs of the fast entry for one due time; answers how many jobs there are."""
    found = [one.payload["due"] for one in jobs if one.task == TICK.name]
    assert None not in found
    assert len(found) == len(set(found)), sorted(found)
    return len(found)


def assert_other_is_not_kept_waiting(
    jobs: Sequence[Job], documents: Sequence[Document], bulk: str, other: str, at_once: int
) -> bool:
    """The other knowledge base's document, added last, was begun long before most of the bulk; answers if that shows.

    It does not where the first worker that had its job was killed: when that one began is nowhere written then.
    """
    [single] = [one for one in documents if one.dataset_id == other]
    [job] = [one for one in jobs if one.workspace_id == single.workspace_id]
    mine = single.processing_started_at
    if job.attempt > 1:
        return False
    begun = [one.processing_started_at for one in documents if one.dataset_id == bulk]
    assert mine is not None
    before = sum(one is not None and one < mine for one in begun)
    assert before <= len(begun) // 2 + at_once, f"{before} of {len(begun)} were begun before it"
    return True
