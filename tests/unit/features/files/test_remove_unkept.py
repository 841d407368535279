"""Contents that never got a row are removed, and nothing else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from homeport.features.files.remove_unkept import StorageIsNewer, remove_unkept
from homeport.features.files.tables import UploadFile
from homeport.features.files.upload import save_upload, store
from homeport.runtime.db.columns import new_id, utc_now
from tests.support.files_app import PERSON, FilesApp

SOON = timedelta(seconds=1)


async def test_only_contents_without_a_row_are_removed(files: FilesApp) -> None:
    kept = await save_upload(files.room, files.workspace_id, "kept.txt", b"kept", None, PERSON)
    await store(files.room, files.workspace_id, "lost.txt", b"lost", None)
    assert len(await files.stored_keys()) == 2
    assert await remove_unkept(files.room, utc_now() + SOON) == 1
    assert await files.stored_keys() == [kept.key]


async def test_a_request_that_may_still_run_is_left_its_contents(files: FilesApp) -> None:
    stored = await store(files.room, files.workspace_id, "new.txt", b"new", None)
    assert await remove_unkept(files.room, utc_now() - SOON) == 0
    assert await files.stored_keys() == [stored.key]


async def test_a_row_with_another_id_than_its_key_says_keeps_its_content(files: FilesApp) -> None:
    kept = await save_upload(files.room, files.workspace_id, "kept.txt", b"kept", None, PERSON)
    async with files.room.database.begin() as session:
        await session.execute(update(UploadFile).where(UploadFile.id == kept.id).values(id=new_id()))
    assert await remove_unkept(files.room, utc_now() + SOON) == 0
    assert await files.stored_keys() == [kept.key]


async def test_what_is_no_upload_is_left_alone(files: FilesApp) -> None:
    others = ["upload_files/by-hand.txt", f"exports/{new_id()}.txt"]
    for key in others:
        await files.room.storage.write(key, b"mine")
    assert await remove_unkept(files.room, utc_now() + SOON) == 0
    assert await files.stored_keys() == sorted(others)


async def test_more_than_a_page_is_removed(files: FilesApp) -> None:
    await store_lost(files, 501)
    assert await remove_unkept(files.room, utc_now() + SOON, most=501) == 501
    assert await files.stored_keys() == []


async def test_a_database_that_was_restored_beside_a_newer_storage_removes_nothing(files: FilesApp) -> None:
    await store_lost(files, 101)
    with pytest.raises(StorageIsNewer, match=r"101 uploads that this database knows nothing of.*Nothing was removed\."):
        await remove_unkept(files.room, utc_now() + SOON)
    assert len(await files.stored_keys()) == 101


async def store_lost(files: FilesApp, count: int) -> None:
    for _ in range(count):
        await files.room.storage.write(f"upload_files/{files.workspace_id}/{new_id()}.txt", b"lost")
