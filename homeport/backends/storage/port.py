"""What every storage promises: named blobs, written whole or not at all."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from homeport.backends.storage.capabilities import Capabilities

#: Said of bytes nobody said anything about.
UNKNOWN_CONTENT = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Blob:
    """What is known of one stored blob without reading it."""

    #: In bytes.
    size: int
    #: As written, or guessed from the key where the storage keeps none (`Capabilities.keeps_content_type`).
    content_type: str
    #: Aware; None where the storage keeps none (`Capabilities.keeps_modified`).
    modified: datetime | None


class Storage(Protocol):
    """Blobs by key. A key is a relative path with slashes (`files/ab/cd.pdf`), any script, rules in `keys.py`.

    Every method raises `Unavailable` or `RateLimited` (temporary) and `Misconfigured` of `errors.py`; further errors
    are named at the method. What `open_storage` gives has its temporary errors retried already.
    """

    @property
    def capabilities(self) -> Capabilities:
        """What this storage can do."""
        ...

    async def write(self, key: str, data: bytes, content_type: str = UNKNOWN_CONTENT) -> None:
        """Store `data`, replacing what was there. Readers see the old or the new whole, also after a crash.

        Raises `Conflict` where the storage is a file system and `key` is a folder or lies below a file.
        """
        ...

    async def write_stream(self, key: str, chunks: AsyncIterator[bytes], content_type: str = UNKNOWN_CONTENT) -> int:
        """Store all chunks as one blob and return its size in bytes; when `chunks` raises, nothing is stored.

        Never repeated on errors: the chunks are gone. Raises `Conflict` as `write` does.
        """
        ...

    async def read(self, key: str) -> bytes:
        """The whole blob. Raises `NotFound`."""
        ...

    def read_stream(self, key: str, offset: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        """The bytes from `offset` on, `length` of them or up to the end, in chunks; fewer when the blob ends before.

        Raises `NotFound` with the first chunk. A failure after the first chunk is raised, not repeated.
        """
        ...

    async def exists(self, key: str) -> bool:
        """Whether there is a blob under `key`; a folder is none."""
        ...

    async def stat(self, key: str) -> Blob:
        """Size, content type and time of the last write. Raises `NotFound`."""
        ...

    def list(self, prefix: str = "") -> AsyncIterator[str]:
        """All keys that start with `prefix` as a text (`files/a` finds `files/ab.txt`), in no promised order."""
        ...

    async def delete(self, key: str) -> None:
        """Remove the blob; nothing happens when there is none."""
        ...

    async def delete_prefix(self, prefix: str) -> None:
        """Remove everything `list(prefix)` names. An empty prefix is refused with `InvalidKey`."""
        ...

    async def copy(self, source: str, target: str) -> None:
        """Store the blob `source` also as `target`, replacing what was there. Raises `NotFound`, `Conflict`."""
        ...

    async def presign(self, key: str, expires: timedelta) -> str:
        """A URL by which anybody may GET the blob until `expires` has passed; the key is not looked up.

        Raises `Unsupported` where `capabilities.presign` is false or `expires` is not between one second and 7 days.
        """
        ...

    async def check(self) -> None:
        """Raise what stands in the way of using the storage at all; nothing when it answers."""
        ...

    async def close(self) -> None:
        """Give back what is held; the storage is not used afterwards. May be called twice."""
        ...
