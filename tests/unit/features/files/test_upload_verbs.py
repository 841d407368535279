"""What slices above do with files."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from sqlalchemy.exc import IntegrityError

from homeport.features.files.errors import FileEmpty, FileExtensionBlocked, FileNotFound, FileTooLarge
from homeport.features.files.upload import (
    find_upload,
    find_uploads,
    mark_used,
    read_upload,
    remove_uploads,
    save_upload,
    stream_upload,
)
from tests.support.files_app import PERSON, FilesApp


async def test_bytes_and_streams_are_saved_alike(files: FilesApp) -> None:
    async def stream() -> AsyncIterator[bytes]:
        yield b"first "
        yield b"second"

    for content in (b"first second", stream()):
        file = await save_upload(files.room, files.workspace_id, "a.txt", content, None, PERSON)
        assert (file.size, file.mime_type, file.created_by_role) == (12, "text/plain", "account")
        assert await read_upload(files.room, file) == b"first second"
        assert b"".join([chunk async for chunk in stream_upload(files.room, file, 6, 3)]) == b"sec"


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("a.txt", b"", FileEmpty),
        ("a.exe", b"MZ", FileExtensionBlocked),
        ("a.png", bytes(10 * 1024**2 + 1), FileTooLarge),
    ],
)
async def test_what_is_refused_is_not_stored(
    files: FilesApp, name: str, content: bytes, error: type[Exception]
) -> None:
    with pytest.raises(error):
        await save_upload(files.room, files.workspace_id, name, content, None, PERSON)
    assert await files.stored_keys() == []


async def test_a_content_whose_row_cannot_be_written_is_taken_back(files: FilesApp) -> None:
    with pytest.raises(IntegrityError):
        await save_upload(files.room, str(uuid4()), "a.txt", b"text", None, PERSON)
    assert await files.stored_keys() == []


async def test_a_stream_that_breaks_leaves_nothing(files: FilesApp) -> None:
    async def breaking() -> AsyncIterator[bytes]:
        yield b"a"
        raise ConnectionError

    with pytest.raises(ConnectionError):
        await save_upload(files.room, files.workspace_id, "a.txt", breaking(), None, PERSON)
    assert await files.stored_keys() == []


async def test_another_workspace_does_not_find_the_file_and_cannot_remove_it(files: FilesApp) -> None:
    file = await save_upload(files.room, files.workspace_id, "a.txt", b"text", None, PERSON)
    foreign = str(uuid4())
    async with files.room.database.begin() as session:
        with pytest.raises(FileNotFound):
            await find_upload(session, foreign, file.id)
        assert await find_uploads(session, foreign, [file.id]) == {}
        await remove_uploads(session, files.room, foreign, [file.id])
    async with files.room.database.read() as session:
        assert (await find_upload(session, files.workspace_id, file.id)).name == "a.txt"
    assert await read_upload(files.room, file) == b"text"


async def test_a_removed_file_is_gone_from_table_and_storage_but_not_when_the_work_fails(files: FilesApp) -> None:
    file = await save_upload(files.room, files.workspace_id, "a.txt", b"text", None, PERSON)

    async def remove_and_fail() -> None:
        async with files.room.database.begin() as session:
            await remove_uploads(session, files.room, files.workspace_id, [file.id])
            raise ConnectionError

    with pytest.raises(ConnectionError):
        await remove_and_fail()
    assert await files.stored_keys() == [file.key]
    async with files.room.database.begin() as session:
        await remove_uploads(session, files.room, files.workspace_id, [file.id, str(uuid4())])
    assert await files.stored_keys() == []
    async with files.room.database.read() as session:
        with pytest.raises(FileNotFound):
            await find_upload(session, files.workspace_id, file.id)


async def test_the_first_use_of_a_file_is_noted(files: FilesApp) -> None:
    file = await save_upload(files.room, files.workspace_id, "a.txt", b"text", None, PERSON)
    assert not file.used
    first, second = str(uuid4()), str(uuid4())
    for user in (first, second):
        async with files.room.database.begin() as session:
            await mark_used(session, [file.id], user)
    async with files.room.database.read() as session:
        kept = await find_upload(session, files.workspace_id, file.id)
    assert (kept.used, kept.used_by) == (True, first)
    assert kept.used_at is not None
