"""Gets the text of a document from the storage."""

from __future__ import annotations

from typing import Any

from homeport.backends.storage.errors import NotFound as NotInStorage
from homeport.features.knowledge.errors import FileGone
from homeport.features.knowledge.parse.document import parse_document
from homeport.features.knowledge.parse.formats import ACCEPTED
from homeport.features.knowledge.room import KnowledgeRoom

#: Bytes of a light format above which people are shown that it is being parsed.
_QUICK = 64 * 1024


async def fetch(room: KnowledgeRoom, source: dict[str, Any]) -> bytes:
    """The content of the file a document was made from; `source` is its `data_source_info`. Raises `FileGone`."""
    try:
        return await room.storage.read(source["storage_key"])
    except NotInStorage as error:
        raise FileGone from error


def takes_long(source: dict[str, Any], content: bytes) -> bool:
    """Whether reading will take so long that the stage is worth showing."""
    found = ACCEPTED.get(source["upload_file"]["extension"])
    return found is None or not found.light or len(content) > _QUICK


async def parse(room: KnowledgeRoom, source: dict[str, Any], content: bytes) -> str:
    """The text of the file. Raises `UnsupportedFileType` or an `UnreadableFile` that says what is wrong."""
    file = source["upload_file"]
    parsed = await parse_document(room.offload, content, file["extension"], file["name"], room.settings)
    return parsed.text
