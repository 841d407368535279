"""Adds, changes, disables and deletes single segments of a completed document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from homeport.features.knowledge.errors import ArchivedDocumentImmutable, DocumentNotFound
from homeport.features.knowledge.index_points import Piece, embedder_of, put_points, target_of
from homeport.features.knowledge.ingest import hash_of
from homeport.features.knowledge.repository import datasets, documents, segments
from homeport.features.knowledge.room import KnowledgeRoom
from homeport.features.knowledge.segment import count_tokens
from homeport.features.knowledge.tables import Document, IndexingStatus, Segment, SegmentStatus
from homeport.runtime.db.columns import new_id, utc_now
from homeport.runtime.errors import InvalidInput

_MOST_KEYWORDS = 100
_LONGEST_KEYWORD = 200


@dataclass(frozen=True, slots=True)
class NewSegment:
    """What somebody writes into a document by hand."""

    content: str
    keywords: Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class SegmentChange:
    """What is to be changed; None: stays."""

    content: str | None = None
    keywords: Sequence[str] | None = None
    enabled: bool | None = None


async def add_segments(
    room: KnowledgeRoom,
    workspace_id: str,
    dataset_id: str,
    document_id: str,
    new: Sequence[NewSegment],
    account_id: str,
) -> tuple[list[Segment], Document]:
    """Append segments to a completed, enabled document; they can be found when this returns.

    Raises `DocumentNotFound` (also for a document that is not completed, or disabled), `InvalidInput`.
    """
    _check_count(room, len(new))
    cleaned = [(_check_content(one.content, room), _check_keywords(one.keywords)) for one in new]
    async with room.database.read() as session:
        dataset = await datasets.get_dataset(session, workspace_id, dataset_id)
        _must_be_open(await documents.get_document(session, workspace_id, dataset_id, document_id))
    target = target_of(dataset)
    pieces = [Piece(new_id(), document_id, content, keywords) for content, keywords in cleaned]
    await put_points(room, target, await embedder_of(room, target), pieces)
    kept = False
    try:
        async with room.database.begin() as session:
            document = await documents.get_document(session, workspace_id, dataset_id, document_id, lock=True)
            _must_be_open(document)
            position = await segments.last_position(session, document)
            rows = [_row(document, piece, position + at, account_id) for at, piece in enumerate(pieces, 1)]
            session.add_all(rows)
            words = sum(row.word_count for row in rows)
            document.word_count += words
            document.tokens += sum(row.tokens for row in rows)
            for counter in ("segment_count", "completed_segments", "total_segments"):
                setattr(document, counter, getattr(document, counter) + len(rows))
            await session.flush()
            await datasets.add_counts(session, dataset_id, words=words)
        kept = True
    finally:
        if not kept:
            await room.vectors.delete_by_ids(target.collection, [piece.id for piece in pieces])
    return rows, document


async def change_segment(
    room: KnowledgeRoom,
    workspace_id: str,
    dataset_id: str,
    segment_id: str,
    change: SegmentChange,
    account_id: str,
    *,
    document_id: str | None = None,
) -> tuple[Segment, Document]:
    """Change content, keywords or whether it may be found. Raises `SegmentNotFound`, `InvalidInput`."""
    content = None if change.content is None else _check_content(change.content, room)
    keywords = None if change.keywords is None else _check_keywords(change.keywords)
    async with room.database.read() as session:
        dataset = await datasets.get_dataset(session, workspace_id, dataset_id)
        before, document = await segments.get_segment(
            session, workspace_id, dataset_id, segment_id, document_id=document_id
        )
    if document.archived:
        raise ArchivedDocumentImmutable
    enabled = before.enabled if change.enabled is None else change.enabled
    target = target_of(dataset)
    piece = Piece(
        before.id,
        before.document_id,
        before.content if content is None else content,
        (before.keywords or []) if keywords is None else keywords,
    )
    changed = piece.content != before.content or list(piece.keywords) != (before.keywords or [])
    if enabled and (changed or not before.enabled):
        await put_points(room, target, await embedder_of(room, target), [piece])
    async with room.database.begin() as session:
        segment, document = await segments.get_segment(session, workspace_id, dataset_id, segment_id, lock=True)
        words, tokens = len(piece.content) - segment.word_count, count_tokens(piece.content) - segment.tokens
        _apply(segment, piece, enabled, account_id)
        if words or tokens:
            document.word_count += words
            document.tokens += tokens
            await session.flush()
            await datasets.add_counts(session, dataset_id, words=words)
    if not enabled and before.enabled:
        await room.vectors.delete_by_ids(target.collection, [segment_id])
    return segment, document


async def delete_segment(
    room: KnowledgeRoom, workspace_id: str, dataset_id: str, segment_id: str, *, document_id: str | None = None
) -> None:
    """Raises `SegmentNotFound`. Its point goes first: a row that is left can be deleted again, a point could not."""
    async with room.database.read() as session:
        dataset = await datasets.get_dataset(session, workspace_id, dataset_id)
        _, document = await segments.get_segment(session, workspace_id, dataset_id, segment_id, document_id=document_id)
    if document.archived:
        raise ArchivedDocumentImmutable
    await room.vectors.delete_by_ids(dataset.collection, [segment_id])
    async with room.database.begin() as session:
        segment, document = await segments.get_segment(session, workspace_id, dataset_id, segment_id, lock=True)
        document.word_count -= segment.word_count
        document.tokens -= segment.tokens
        for counter in ("segment_count", "completed_segments", "total_segments"):
            setattr(document, counter, max(0, getattr(document, counter) - 1))
        words = segment.word_count
        await session.delete(segment)
        await session.flush()
        await datasets.add_counts(session, dataset_id, words=-words)


def _must_be_open(document: Document) -> None:
    if document.indexing_status != IndexingStatus.COMPLETED:
        raise DocumentNotFound(f"The document {document.name!r} is not completed.")
    if document.withheld:
        raise DocumentNotFound(f"The document {document.name!r} is disabled or archived.")


def _check_count(room: KnowledgeRoom, count: int) -> None:
    most = room.settings.dataset_max_segments_per_request
    if count == 0:
        raise InvalidInput("Segments is required")
    if most and count > most:
        raise InvalidInput(
            f"The request has {count} segments; accepted are {most}.",
            hint="DATASET_MAX_SEGMENTS_PER_REQUEST sets how many.",
        )


def _check_content(given: str, room: KnowledgeRoom) -> str:
    content = given.replace("\x00", "").encode("utf-8", "replace").decode().strip()
    if not content:
        raise InvalidInput("The content of a segment is empty.")
    largest = room.settings.indexing_max_segmentation_tokens_length
    tokens = count_tokens(content)
    if tokens > largest:
        raise InvalidInput(
            f"The content of a segment has about {tokens} tokens; accepted are {largest}.",
            hint="INDEXING_MAX_SEGMENTATION_TOKENS_LENGTH sets how many.",
        )
    return content


def _check_keywords(given: Sequence[str] | None) -> list[str]:
    cleaned = (word.replace("\x00", "").encode("utf-8", "replace").decode().strip() for word in given or ())
    keywords = list(dict.fromkeys(word for word in cleaned if word))
    if len(keywords) > _MOST_KEYWORDS or any(len(word) > _LONGEST_KEYWORD for word in keywords):
        raise InvalidInput(
            f"A segment has too many or too long keywords; accepted are {_MOST_KEYWORDS} of {_LONGEST_KEYWORD}"
            " characters."
        )
    return keywords


def _row(document: Document, piece: Piece, position: int, account_id: str) -> Segment:
    now = utc_now()
    facts: dict[str, Any] = {
        "id": piece.id,
        "workspace_id": document.workspace_id,
        "dataset_id": document.dataset_id,
        "document_id": document.id,
        "edition": document.edition,
        "position": position,
        "content": piece.content,
        "word_count": len(piece.content),
        "tokens": count_tokens(piece.content),
        "keywords": list(piece.keywords),
        "index_node_hash": hash_of(piece.content),
        "hit_count": 0,
        "enabled": True,
        "status": SegmentStatus.COMPLETED,
        "created_by": account_id,
        "created_at": now,
        "updated_at": now,
        "indexing_at": now,
        "completed_at": now,
    }
    return Segment(**facts)


def _apply(segment: Segment, piece: Piece, enabled: bool, account_id: str) -> None:
    now = utc_now()
    segment.content = piece.content
    segment.word_count = len(piece.content)
    segment.tokens = count_tokens(piece.content)
    segment.index_node_hash = hash_of(piece.content)
    segment.keywords = list(piece.keywords)
    if segment.enabled != enabled:
        segment.enabled = enabled
        segment.disabled_at, segment.disabled_by = (None, None) if enabled else (now, account_id)
    segment.updated_by, segment.updated_at = account_id, now
