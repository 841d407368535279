"""Takes files and texts over into the storage; what is not accepted is said with a sentence."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable

from homeport.features.files.upload import store
from homeport.features.knowledge.add_documents import NewDocument
from homeport.features.knowledge.parse.formats import extension_of, find_format
from homeport.features.knowledge.room import KnowledgeRoom
from homeport.runtime.errors import InvalidInput

LONGEST_NAME = 255

_NOT_IN_FILE_NAMES = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|\ud800-\udfff]')
_NOT_IN_NAMES = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")


def check_document_name(given: str) -> str:
    """The name as it is kept. Raises `InvalidInput`."""
    name = _NOT_IN_NAMES.sub(" ", given).strip()
    if not 0 < len(name) <= LONGEST_NAME:
        raise InvalidInput(f"The name of a document has {len(name)} characters; accepted are 1 to {LONGEST_NAME}.")
    return name


async def accept_file(
    room: KnowledgeRoom, workspace_id: str, name: str, chunks: AsyncIterator[bytes], mime_type: str | None
) -> NewDocument:
    """Store a file that can be indexed. Raises `UnsupportedFileType` before reading, and what `store` raises."""
    find_format(extension_of(name.strip()), name.strip() or "The file")
    content = await store(room.files, workspace_id, name, chunks, mime_type)
    return NewDocument(content.file.name, content)


async def accept_text(room: KnowledgeRoom, workspace_id: str, name: str, text: str) -> NewDocument:
    """Store a text. Raises `InvalidInput` when nothing is left of it, `FileTooLarge` as for files."""
    name = check_document_name(name)
    if not text.strip().strip("\x00").strip():
        raise InvalidInput("The text is empty.")
    # Databases and models stumble over NUL; a lone surrogate cannot be encoded at all.
    data = text.replace("\x00", "").encode("utf-8", "replace")
    stem = _NOT_IN_FILE_NAMES.sub("_", name)[:180]
    return NewDocument(name, await store(room.files, workspace_id, f"{stem}.txt", data, "text/plain"))


async def discard(room: KnowledgeRoom, documents: Iterable[NewDocument]) -> None:
    """Delete what was stored and will not be kept."""
    for document in documents:
        await room.storage.delete(document.content.key)
