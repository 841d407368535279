"""The way of a document into the index: parse, clean, split, index. The job that walks it may be killed at any point.

What makes a repeated walk harmless: a segment's id follows from document, edition and position, so its point is
replaced and not doubled; rows and completion are written in the transaction that ends the job; every step first looks
whether this run is still the wanted one (a pause, an update or a deletion makes it unwanted).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from homeport.features.knowledge import clean_up, read_document
from homeport.features.knowledge.choose_rule import clean_rules, segment_rule
from homeport.features.knowledge.cut import cut_text
from homeport.features.knowledge.errors import FileWithoutText
from homeport.features.knowledge.index_points import IndexTarget, Piece, embedder_of, put_points
from homeport.features.knowledge.repository import datasets, indexing
from homeport.features.knowledge.room import KnowledgeRoom
from homeport.features.knowledge.tables import Dataset, IndexingStatus, SegmentStatus
from homeport.runtime.db.columns import utc_now
from homeport.runtime.errors import HomeportError
from homeport.runtime.tasks.queues import Queue
from homeport.runtime.tasks.task import RunningJob, Task

#: Texts of more characters are cut in a child process.
_CUT_HERE = 200_000
#: Words are cheap to index: without embeddings a batch may be larger.
_ECONOMY_BATCH = 256
_ROWS_AT_ONCE = 1000


class IngestPayload(BaseModel):
    """Which document, for which of the requests to index it; where its points lie, should the document be gone."""

    document_id: str
    dataset_id: str
    collection: str
    run: int
    #: That this run makes; 0: unknown, the job was queued by an earlier version.
    edition: int = 0


class _NotWanted(Exception):
    """The document was paused, changed or deleted meanwhile."""


class IndexChanged(HomeportError):
    """The knowledge base was changed while the document was indexed; it is indexed again."""

    code = "index_changed"
    temporary = True


@dataclass(slots=True)
class _Work:
    """One document on its way."""

    room: KnowledgeRoom
    job: RunningJob
    row: indexing.AnyRow
    target: IndexTarget
    started: datetime
    #: When which stage ended; written with the next statement.
    times: dict[str, datetime] = field(default_factory=dict)
    #: Ids of the points that were stored last.
    put: Sequence[str] = ()

    @property
    def batch(self) -> int:
        return self.room.settings.embedding_batch_size if self.target.by_meaning else _ECONOMY_BATCH

    async def advance(self, session: AsyncSession, **values: Any) -> None:
        """Change the document, if it still wants this run."""
        if not await indexing.advance(session, self.row.document_id, self.row.run, **self.times, **values):
            raise _NotWanted
        self.times.clear()

    async def show(self, status: IndexingStatus, **values: Any) -> None:
        """Let people see the stage."""
        async with self.room.database.begin() as session:
            await self.advance(session, indexing_status=status, **values)


async def ingest_document(room: KnowledgeRoom, payload: IngestPayload, job: RunningJob) -> None:
    """Bring a document into the index, from wherever an earlier attempt left it."""
    async with room.database.read() as session:
        row = await indexing.load_work(session, payload.document_id)
    if row is None or row.collection is None or row.run != payload.run:
        await _take_back(room, payload, payload.collection)
        return
    target = IndexTarget(
        workspace_id=row.workspace_id,
        dataset_id=row.dataset_id,
        collection=row.collection,
        indexing_technique=row.indexing_technique,
        embedding_model=row.embedding_model,
        embedding_model_provider=row.embedding_model_provider,
        dimension=row.embedding_dimension,
    )
    work = _Work(room, job, row, target, row.processing_started_at or utc_now())
    try:
        await _walk(work)
    except _NotWanted:
        await _take_back(room, payload, row.collection, work.put)
    except HomeportError as error:
        # Whatever went wrong (its file is gone, say) is nobody's concern when the document is gone as well.
        async with room.database.read() as session:
            now = await indexing.load_work(session, payload.document_id)
        if now is not None and now.run == payload.run:
            if isinstance(error, IndexChanged):
                await _start_anew(room, now)
            raise
        await _take_back(room, payload, row.collection, work.put)


async def _take_back(room: KnowledgeRoom, payload: IngestPayload, collection: str, put: Sequence[str] = ()) -> None:
    """Remove what this run, which nobody wants any more, may have put into the index without a row that tells of it.

    Without rows are the points of documents of one batch, and those that were put by the attempt that runs.
    """
    made = _ids_without_rows(room, payload.document_id, [payload.edition])
    edition = clean_up.UnwantedEdition(payload.document_id, payload.edition, [*made, *put])
    await clean_up.after_unwanted(room, payload.dataset_id, collection, edition)


def _ids_without_rows(room: KnowledgeRoom, document_id: str, editions: Iterable[int]) -> list[str]:
    """The points that documents of one batch may have in these editions."""
    positions = range(1, max(room.settings.embedding_batch_size, _ECONOMY_BATCH) + 1)
    return [segment_id(document_id, edition, position) for edition in editions for position in positions]


async def _start_anew(room: KnowledgeRoom, row: indexing.AnyRow) -> None:
    """What is in the index was made for another one."""
    async with room.database.begin() as session:
        if await indexing.advance(session, row.document_id, row.run, completed_segments=0):
            await indexing.change_segments(session, row.document_id, row.wanted_edition, status=SegmentStatus.WAITING)


async def _walk(work: _Work) -> None:
    if work.row.splitting_completed_at is not None:
        await _index_in_batches(work)
        return
    if work.row.processing_started_at is None:
        work.times["processing_started_at"] = work.started
    if work.row.edition == 0 and (work.row.run > 1 or work.job.attempt > 1):
        await work.room.vectors.delete_by_document_id(work.target.collection, work.row.document_id)
    elif work.row.edition + 1 < work.row.wanted_edition:  # an edition between was begun, and may have been paused
        between = range(work.row.edition + 1, work.row.wanted_edition)
        loose = _ids_without_rows(work.room, work.row.document_id, between)
        await work.room.vectors.delete_by_ids(work.target.collection, loose)
    segments = await _split(work)
    if len(segments) <= work.batch:
        await _index_at_once(work, segments)
    else:
        await _keep(work, segments)
        await _index_in_batches(work)


async def _split(work: _Work) -> list[tuple[str, int]]:
    room, row = work.room, work.row
    content = await read_document.fetch(room, row.data_source_info)
    if read_document.takes_long(row.data_source_info, content):
        await work.show(IndexingStatus.PARSING)
    text = await read_document.parse(room, row.data_source_info, content)
    work.times["parsing_completed_at"] = utc_now()
    rules = clean_rules(row.rules), segment_rule(row.mode, row.rules)
    if len(text) <= _CUT_HERE:
        segments = cut_text(text, *rules)
    else:
        await work.show(IndexingStatus.SPLITTING)
        segments = await room.offload.call(cut_text, text, *rules, what=f"Splitting {row.name}")
    work.times["cleaning_completed_at"] = work.times["splitting_completed_at"] = utc_now()
    if not segments:
        raise FileWithoutText(f"{row.name} has no text that could be searched.")
    return segments


def segment_id(document_id: str, edition: int, position: int) -> str:
    """The id of a segment that indexing makes: the same in every attempt."""
    return str(uuid5(UUID(document_id), f"{edition}/{position}"))


def _rows(work: _Work, segments: Sequence[tuple[str, int]], status: SegmentStatus) -> list[dict[str, Any]]:
    row, now = work.row, utc_now()
    done = now if status is SegmentStatus.COMPLETED else None
    return [
        {
            "id": segment_id(row.document_id, row.wanted_edition, position),
            "workspace_id": row.workspace_id,
            "dataset_id": row.dataset_id,
            "document_id": row.document_id,
            "edition": row.wanted_edition,
            "position": position,
            "content": content,
            "word_count": len(content),
            "tokens": tokens,
            "keywords": [],
            "index_node_hash": hash_of(content),
            "status": status,
            "created_by": row.created_by,
            "created_at": now,
            "updated_at": now,
            "indexing_at": done,
            "completed_at": done,
        }
        for position, (content, tokens) in enumerate(segments, 1)
    ]


def hash_of(content: str) -> str:
    """What tells whether two segments say the same."""
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()


async def _index_at_once(work: _Work, segments: Sequence[tuple[str, int]]) -> None:
    """A document of one batch: its points, then its rows and its completion in one transaction."""
    # Written at the end only: whoever takes over from here must not believe that the rows are there.
    split_at = work.times.pop("splitting_completed_at")
    if work.target.by_meaning:
        await work.show(IndexingStatus.INDEXING, total_segments=len(segments), completed_segments=0)
    work.times["splitting_completed_at"] = split_at
    rows = _rows(work, segments, SegmentStatus.COMPLETED)
    work.put = [row["id"] for row in rows]
    pieces = [Piece(row["id"], row["document_id"], row["content"]) for row in rows]
    dimension = await put_points(work.room, work.target, await embedder_of(work.room, work.target), pieces)
    async with work.room.database.begin() as session:
        sums = len(rows), sum(row["word_count"] for row in rows), sum(row["tokens"] for row in rows)
        await _complete(work, session, sums, dimension, rows)


async def _keep(work: _Work, segments: Sequence[tuple[str, int]]) -> None:
    """Write the rows first, so that a long indexing goes on where it stopped."""
    rows = _rows(work, segments, SegmentStatus.WAITING)
    times, work.times = work.times, {}
    split_at = times.pop("splitting_completed_at")
    values: dict[str, Any] = {"total_segments": len(rows), "completed_segments": 0, **times}
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        async with work.room.database.begin() as session:
            await work.advance(session, indexing_status=IndexingStatus.SPLITTING, **values)
            if start == 0:
                await indexing.drop_edition(session, work.row.document_id, work.row.wanted_edition)
            await indexing.insert_segments(session, rows[start : start + _ROWS_AT_ONCE])
    await work.show(IndexingStatus.INDEXING, splitting_completed_at=split_at)


async def _index_in_batches(work: _Work) -> None:
    """Embed and store what is not in the index yet, a batch at a time; each batch is a point to go on from."""
    room, row = work.room, work.row
    embedder = await embedder_of(room, work.target)
    after, dimension = 0, work.target.dimension
    while True:
        async with room.database.read() as session:
            batch = await indexing.pending_segments(session, row.document_id, row.wanted_edition, after, work.batch)
        if not batch:
            break
        started = utc_now()
        work.put = [one.id for one in batch]
        pieces = [Piece(one.id, row.document_id, one.content, one.keywords or ()) for one in batch if one.enabled]
        dimension = await put_points(room, work.target, embedder, pieces) or dimension
        learned, work.target = dimension != work.target.dimension, replace(work.target, dimension=dimension)
        after, now = batch[-1].position, utc_now()
        done = {"status": SegmentStatus.COMPLETED, "indexing_at": started, "completed_at": now, "updated_at": now}
        async with room.database.begin() as session:
            await work.advance(session, indexing_status=IndexingStatus.INDEXING, completed_segments=after)
            await indexing.change_segments(
                session, row.document_id, row.wanted_edition, (batch[0].position, after), **done
            )
            if learned:  # with the first batch: whoever takes over from here embeds nothing that would tell
                same = Dataset.collection == work.target.collection
                await datasets.add_counts(session, row.dataset_id, same, embedding_dimension=dimension)
    async with room.database.begin() as session:
        count, words, tokens = await indexing.sum_edition(session, row.document_id, row.wanted_edition)
        await _complete(work, session, (count, words, tokens), dimension, ())


async def _complete(
    work: _Work,
    session: AsyncSession,
    sums: tuple[int, int, int],
    dimension: int | None,
    rows: Sequence[dict[str, Any]],
) -> None:
    """Put the new edition into service and end the job, in the caller's transaction."""
    row, target, (count, words, tokens) = work.row, work.target, sums
    withheld, words_before = row.withheld, 0
    if row.edition:
        before = await indexing.lock_run(session, row.document_id, row.run)
        if before is None:
            raise _NotWanted
        withheld, words_before = before
    now = utc_now()
    completed = await indexing.complete_document(
        session,
        row.document_id,
        row.run,
        indexing_status=IndexingStatus.COMPLETED,
        edition=row.wanted_edition,
        word_count=words,
        tokens=tokens,
        segment_count=count,
        completed_segments=count,
        total_segments=count,
        completed_at=now,
        updated_at=now,
        indexing_latency=(now - work.started).total_seconds(),
        **work.times,
    )
    if not completed:
        raise _NotWanted
    await indexing.insert_segments(session, rows)
    counted = await indexing.count_completed(
        session,
        row.dataset_id,
        collection=target.collection,
        technique=target.indexing_technique,
        model=target.embedding_model,
        available=0 if withheld else 1,
        words=words - words_before,
        dimension=target.dimension if dimension is None else dimension,
    )
    if not counted:
        raise IndexChanged
    # Also where no edition was completed before: one may have been begun.
    if row.wanted_edition > 1:
        await clean_up.retire(work.room, session, row.workspace_id, row.document_id, target.collection)
    await work.job.complete(session)


async def note_failure(_room: KnowledgeRoom, payload: IngestPayload, session: AsyncSession, sentence: str) -> None:
    """Let people see why the document could not be indexed; they may try again."""
    await indexing.advance(
        session,
        payload.document_id,
        payload.run,
        indexing_status=IndexingStatus.ERROR,
        error=sentence,
        stopped_at=utc_now(),
    )


TASK = Task(
    name="knowledge.ingest_document",
    queue=Queue.DATASET,
    payload=IngestPayload,
    run=ingest_document,
    failed=note_failure,
)
