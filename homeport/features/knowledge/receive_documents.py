"""Takes documents from a request: content into the storage as it comes, then all rows at once, or nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from starlette.requests import Request

from homeport.features.files.errors import NoFileUploaded, TooManyFiles
from homeport.features.files.read_multipart import MultipartBody
from homeport.features.knowledge.accept_files import accept_file, discard
from homeport.features.knowledge.add_documents import NewDocument, Wishes, add_documents
from homeport.features.knowledge.choose_embedding import with_embedding
from homeport.features.knowledge.room import KnowledgeRoom
from homeport.features.knowledge.tables import Dataset, Document
from homeport.runtime.errors import HomeportError

_SERVER_FAULT = 500


@dataclass(frozen=True, slots=True)
class Rejected:
    """A file that was not accepted, and why."""

    name: str
    error: HomeportError


@dataclass(frozen=True, slots=True)
class Received:
    """What a multipart body held: files that lie in the storage, files that were refused, other fields."""

    documents: list[NewDocument] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    fields: dict[str, str] = field(default_factory=dict)


async def receive_files(room: KnowledgeRoom, request: Request, workspace_id: str) -> Received:
    """All parts of a request. One refused file does not stop the others; whatever raises, nothing is left behind.

    Raises `BadRequest` for a body that cannot be read, `NoFileUploaded` for one that is no form, and what the storage
    raises. Whoever does not keep the documents discards them.
    """
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise NoFileUploaded
    body, received = MultipartBody(request), Received()
    complete = False
    try:
        while (part := await body.next_part()) is not None:
            if part.filename is None:
                received.fields[part.name] = await body.text()
            elif part.name == "file":
                most = room.settings.batch_upload_limit
                if most and len(received.documents) + len(received.rejected) >= most:
                    many = TooManyFiles(
                        f"The request has more than the {most} files accepted; send the others with another one.",
                        hint="BATCH_UPLOAD_LIMIT sets how many.",
                    )
                    received.rejected.append(Rejected(part.filename, many))
                    continue
                try:
                    document = await accept_file(room, workspace_id, part.filename, body.chunks(), part.content_type)
                except HomeportError as error:
                    if error.status >= _SERVER_FAULT or error.code == "bad_request":
                        raise
                    received.rejected.append(Rejected(part.filename, error))
                else:
                    received.documents.append(document)
        complete = True
    finally:
        if not complete:
            await discard(room, received.documents)
    return received


async def receive_file(room: KnowledgeRoom, request: Request, workspace_id: str) -> tuple[NewDocument | None, Received]:
    """The one file of a request, or None. Raises its refusal, `TooManyFiles`, and what `receive_files` raises."""
    received = await receive_files(room, request, workspace_id)
    if len(received.documents) + len(received.rejected) > 1:
        await discard(room, received.documents)
        raise TooManyFiles
    if received.rejected:
        raise received.rejected[0].error
    return (received.documents[0] if received.documents else None), received


async def keep_documents(
    room: KnowledgeRoom,
    dataset: Dataset,
    new: Sequence[NewDocument],
    wishes: Wishes,
    *,
    created_by: str,
    created_from: str,
) -> tuple[list[Document], str]:
    """Add what was stored to the dataset; when that fails, remove it from the storage. See `add_documents`."""
    kept = False
    try:
        wishes = await with_embedding(room, dataset, wishes)
        async with room.database.begin() as session:
            added = await add_documents(
                room, session, dataset, new, wishes, created_by=created_by, created_from=created_from
            )
        kept = True
        return added
    finally:
        if not kept:
            await discard(room, new)


@asynccontextmanager
async def discard_received(room: KnowledgeRoom, received: Received) -> AsyncIterator[None]:
    """When the block raises, what was received goes."""
    fine = False
    try:
        yield
        fine = True
    finally:
        if not fine:
            await discard(room, received.documents)
