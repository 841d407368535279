"""Many small documents, and whether each was indexed once: looked at from outside, row by row and point by point."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from homeport.backends.vectors.registry import open_vectors
from homeport.entry.settings import Settings, read_settings
from homeport.features.files.tables import UploadFile
from homeport.features.knowledge.tables import Dataset, Document, Segment
from homeport.runtime.config.sources import Sources
from homeport.runtime.db.database import Database
from homeport.runtime.tasks.queues import Queue
from homeport.runtime.tasks.tables import Job
from tests.support.house import Visitor

PARAGRAPHS = 4
#: What makes a segment of each paragraph, as an upload's field `data` has it.
RULE = '{"process_rule": {"mode": "custom", "rules": {"segmentation": {"separator": "\\n\\n", "max_tokens": 100}}}}'
_PER_REQUEST = 40
_QUEUES = (Queue.DATASET, Queue.PRIORITY_DATASET)


def text_of(number: int, edition: int = 1) -> str:
    """A document of four paragraphs, each of which becomes a segment."""
    filler = "The harbour master writes down every ship, its cargo and the hour of its arrival. " * 3
    return "\n\n".join(opening_of(number, page, edition) + filler for page in range(PARAGRAPHS))


def opening_of(number: int, page: int, edition: int = 1) -> str:
    """How a paragraph begins."""
    return f"Ship {number}, page {page}. " if edition == 1 else f"Ship {number}, page {page}, edition {edition}. "


async def add_documents(visitor: Visitor, count: int, technique: str = "high_quality") -> str:
    """Upload `count` files to a new knowledge base; answers its id once all are accepted."""
    made = await visitor.console.post("/datasets", json={"name": "Ships", "indexing_technique": technique})
    assert made.status_code == 201, made.text
    dataset_id = str(made.json()["id"])
    for start in range(0, count, _PER_REQUEST):
        numbers = range(start, min(start + _PER_REQUEST, count))
        files = [("file", (f"ship-{number}.txt", text_of(number).encode(), "text/plain")) for number in numbers]
        answer = await visitor.console.post(
            f"/datasets/{dataset_id}/documents/upload", files=files, data={"data": RULE}
        )
        assert answer.status_code == 201, answer.text
        assert answer.json()["rejected"] == []
    return dataset_id


async def count_completed(console: httpx.AsyncClient, dataset_id: str) -> int:
    """How many documents the console shows as completed."""
    completed: int = 0
    page = 1
    while True:
        answer = await console.get(f"/datasets/{dataset_id}/documents", params={"limit": 100, "page": page})
        assert answer.status_code == 200, answer.text
        found = answer.json()
        wrong = [one for one in found["data"] if one["indexing_status"] == "error"]
        assert wrong == []
        completed += sum(one["indexing_status"] == "completed" for one in found["data"])
        if not found["has_more"]:
            return completed
        page += 1


async def wait_for_completed(console: httpx.AsyncClient, dataset_id: str, least: int, seconds: float = 90) -> int:
    """Watch until at least so many documents are completed; answers how many are."""
    completed = -1
    try:
        async with asyncio.timeout(seconds):
            while completed < least:
                await asyncio.sleep(0.05)
                completed = await count_completed(console, dataset_id)
    except TimeoutError:
        pytest.fail(f"{completed} of {least} documents were completed in {seconds:.0f} s")
    return completed


@dataclass(frozen=True, slots=True)
class Counts:
    """Of one knowledge base: what its row says, or what its documents and segments add up to."""

    documents: int
    available: int
    words: int


@dataclass(frozen=True, slots=True)
class Stock:
    """What lies in the database, in the vector store and in the storage folder."""

    documents: Counter[str]
    #: On knowledge, by their state.
    jobs: Counter[str]
    most_attempts: int
    segments: list[tuple[str, int]]
    segment_ids: list[str]
    point_ids: list[str]
    #: By name of the document, in their order.
    contents: dict[str, list[str]]
    #: Paths of files, and those that rows of uploads tell of.
    files: list[str]
    uploads: list[str]
    #: By knowledge base.
    counted: dict[str, Counts]
    summed: dict[str, Counts]

    def assert_each_once(self, count: int) -> None:
        """All documents completed; every segment there once, with one point; no job unfinished; no file left over."""
        assert self.documents == {"completed": count}
        assert self.jobs == {"succeeded": self.jobs["succeeded"]}
        assert len(self.segments) == len(set(self.segments)) == count * PARAGRAPHS
        assert len(self.point_ids) == len(set(self.point_ids))
        assert sorted(self.point_ids) == sorted(self.segment_ids)
        assert sorted(self.files) == sorted(self.uploads)
        assert self.counted == self.summed


async def take_stock(variables: dict[str, str]) -> Stock:
    """Look into an installation with these settings; on SQLite, when it does not run."""
    settings = read_settings(Sources(variables))
    data_dir = Path(variables["HOMEPORT_DATA_DIR"])
    database = Database(settings.database.url(data_dir), settings.database)
    try:
        async with database.read() as session:
            documents = (await session.execute(select(Document))).scalars().all()
            jobs = (await session.execute(select(Job.state, Job.attempt).where(Job.queue.in_(_QUEUES)))).all()
            segments = (await session.execute(select(Segment).order_by(Segment.position))).scalars().all()
            datasets = (await session.execute(select(Dataset))).scalars().all()
            uploads = (await session.execute(select(UploadFile.key))).scalars().all()
        names = {one.id: one.name for one in documents}
        contents: dict[str, list[str]] = {one.name: [] for one in documents}
        for one in segments:
            contents.setdefault(names.get(one.document_id, "of a document that is gone"), []).append(one.content)
        return Stock(
            documents=Counter(one.indexing_status for one in documents),
            jobs=Counter(row.state for row in jobs),
            most_attempts=max((row.attempt for row in jobs), default=0),
            segments=[(one.document_id, one.position) for one in segments],
            segment_ids=[one.id for one in segments],
            point_ids=await _point_ids(settings, data_dir),
            contents=contents,
            files=_files(data_dir / "storage"),
            uploads=list(uploads),
            counted={
                one.id: Counts(one.document_count, one.available_document_count, one.word_count) for one in datasets
            },
            summed={one.id: _sum(one.id, documents, segments) for one in datasets},
        )
    finally:
        await database.close()


def _sum(dataset_id: str, documents: Sequence[Document], segments: Sequence[Segment]) -> Counts:
    here = [one for one in documents if one.dataset_id == dataset_id]
    return Counts(
        documents=len(here),
        available=sum(one.indexing_status == "completed" for one in here),
        words=sum(one.word_count for one in segments if one.dataset_id == dataset_id),
    )


def _files(folder: Path) -> list[str]:
    return [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()]


async def _point_ids(settings: Settings, data_dir: Path) -> list[str]:
    """Of all collections, also of those that nobody knows of any more."""
    vectors = await open_vectors(settings.vectors, data_dir)
    try:
        return [point.id for collection in await vectors.datasets() async for point in vectors.points(collection)]
    finally:
        await vectors.close()
