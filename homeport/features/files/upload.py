"""Take a file over, find it again, read it, mark it used, remove it."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from sqlalchemy.ext.asyncio import AsyncSession

from homeport.features.files import repository
from homeport.features.files.check_file import FileName, check_name, check_size, mime_type_of
from homeport.features.files.errors import FileEmpty, FileNotFound
from homeport.features.files.room import FilesRoom
from homeport.features.files.settings import FilesSettings
from homeport.features.files.tables import UploaderRole, UploadFile
from homeport.runtime.db.columns import new_id, utc_now
from homeport.runtime.db.database import after_commit

#: The bytes of a file as they come.
UploadStream: TypeAlias = AsyncIterator[bytes]


#: Under which all uploads lie in the storage.
FOLDER = "upload_files/"


@dataclass(frozen=True, slots=True)
class StoredContent:
    """A file that is in the storage and in no row yet. `id` will be that of its row, and is part of its key."""

    id: str
    workspace_id: str
    key: str
    file: FileName
    mime_type: str
    size: int
    hash: str


async def save_upload(
    room: FilesRoom,
    workspace_id: str,
    name: str,
    content: bytes | UploadStream,
    mime_type: str | None,
    created_by: str,
    created_by_role: UploaderRole = UploaderRole.ACCOUNT,
) -> UploadFile:
    """Store a file and its row. Raises what `store` raises; then neither is left."""
    stored = await store(room, workspace_id, name, content, mime_type)
    kept = False
    try:
        async with room.database.begin() as session:
            row = keep(session, stored, created_by, created_by_role)
        kept = True
    finally:
        if not kept:
            await room.storage.delete(stored.key)
    return row


async def store(
    room: FilesRoom, workspace_id: str, name: str, content: bytes | UploadStream, mime_type: str | None
) -> StoredContent:
    """Write a file to the storage as it comes; no more of it is in memory than one chunk.

    Raises `FilenameMissing`, `FilenameNotAccepted`, `FileExtensionBlocked` before anything is read; `FileTooLarge` as
    soon as a byte too many came, `FileEmpty` when none came. Nothing is stored then. Whoever does not `keep` what was
    stored deletes it.
    """
    file = check_name(name, room.settings)
    kind = mime_type_of(mime_type, file.extension)
    file_id = new_id()
    key = f"{FOLDER}{workspace_id}/{file_id}{_key_ending(file.extension)}"
    measured = _Measured(file, room.settings)
    if isinstance(content, bytes):
        measured.add(content)
        measured.end()
        await room.storage.write(key, content, kind)
    else:
        await room.storage.write_stream(key, measured.passing(content), kind)
    return StoredContent(file_id, workspace_id, key, file, kind, measured.size, measured.hash)


def keep(session: AsyncSession, stored: StoredContent, created_by: str, created_by_role: UploaderRole) -> UploadFile:
    """Add the row of a stored file to the transaction."""
    row = UploadFile(
        id=stored.id,
        workspace_id=stored.workspace_id,
        key=stored.key,
        name=stored.file.name,
        extension=stored.file.extension,
        size=stored.size,
        mime_type=stored.mime_type,
        hash=stored.hash,
        created_by=created_by,
        created_by_role=created_by_role,
        created_at=utc_now(),
        used=False,
    )
    session.add(row)
    return row


async def find_upload(session: AsyncSession, workspace_id: str, file_id: str) -> UploadFile:
    """A file of this workspace. Raises `FileNotFound`, also for a file of another workspace."""
    found = await repository.find(session, file_id)
    if found is None or found.workspace_id != workspace_id:
        raise FileNotFound
    return found


async def find_uploads(session: AsyncSession, workspace_id: str, file_ids: Iterable[str]) -> dict[str, UploadFile]:
    """By id, those of `file_ids` that belong to the workspace."""
    return {file.id: file for file in await repository.find_many(session, workspace_id, file_ids)}


async def mark_used(session: AsyncSession, file_ids: Iterable[str], used_by: str) -> None:
    """Note that messages or documents of the account or end user `used_by` refer to these files."""
    await repository.mark_used(session, file_ids, used_by, utc_now())


async def read_upload(room: FilesRoom, file: UploadFile) -> bytes:
    """The whole content. Raises the storage's errors."""
    return await room.storage.read(file.key)


def stream_upload(room: FilesRoom, file: UploadFile, offset: int = 0, length: int | None = None) -> UploadStream:
    """The content from `offset` on, in chunks. Raises the storage's errors."""
    return room.storage.read_stream(file.key, offset, length)


async def remove_uploads(session: AsyncSession, room: FilesRoom, workspace_id: str, file_ids: Iterable[str]) -> None:
    """Delete the rows now and the contents after the commit. Unknown and foreign ids are left alone."""
    files = await repository.find_many(session, workspace_id, file_ids)
    if not files:
        return
    await repository.delete_many(session, [file.id for file in files])
    keys = [file.key for file in files]

    async def delete_contents() -> None:
        for key in keys:
            await room.storage.delete(key)

    after_commit(session, delete_contents)


async def remove_uploads_of_end_users(room: FilesRoom, end_user_ids: Sequence[str], at_most: int) -> int:
    """Delete up to `at_most` files that these end users handed over, and answer how many those were.

    Contents go first, while the rows still tell where they are. What somebody else uses stays.
    """
    async with room.database.read() as session:
        files = await repository.find_of_end_users(session, end_user_ids, at_most)
    for _, key in files:
        await room.storage.delete(key)
    if files:
        async with room.database.begin() as session:
            await repository.delete_many(session, [file_id for file_id, _ in files])
    return len(files)


class _Measured:
    """Counts and hashes what passes, and stops what is too large."""

    def __init__(self, file: FileName, settings: FilesSettings) -> None:
        self._file = file
        self._settings = settings
        self._digest = hashlib.sha256()
        self.size = 0

    @property
    def hash(self) -> str:
        return self._digest.hexdigest()

    def add(self, chunk: bytes) -> None:
        self.size += len(chunk)
        check_size(self.size, self._file, self._settings)
        self._digest.update(chunk)

    def end(self) -> None:
        if self.size == 0:
            raise FileEmpty(f"The file {self._file.name!r} is empty.")

    async def passing(self, chunks: UploadStream) -> UploadStream:
        async for chunk in chunks:
            self.add(chunk)
            yield chunk
        self.end()


def _key_ending(extension: str) -> str:
    return f".{extension}" if extension.isascii() and extension.isalnum() else ""
