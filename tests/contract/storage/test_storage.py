"""What every storage keeps, whatever it is made of."""

from __future__ import annotations

import asyncio
import hashlib
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from homeport.backends.storage.errors import InvalidKey, NotFound
from homeport.backends.storage.port import Storage
from tests.support.gaps import unknown_gaps
from tests.support.storage_setups import SETUPS

MEBIBYTE = 1024 * 1024

STRANGE_KEYS = [
    "日本語/文書.pdf",
    "émile/Straße ß.txt",
    "a b/c  d.txt",
    "a#b?c&d=e+f.txt",
    "percent%20and%2Fslash.txt",
    "quote'\"<>|*;:@!$^(){}[],~`.txt",
    "emoji/🚢⚓.bin",
    "combining/e\u0301.txt",
    "deep/" + "/".join("abcdefghij") + "/end",
    "no-extension",
    "folder.with.dots/.hidden",
    "long/" + "x" * 255,
]


async def _all(keys: AsyncIterator[str]) -> set[str]:
    return {key async for key in keys}


async def _joined(chunks: AsyncIterator[bytes]) -> bytes:
    return b"".join([chunk async for chunk in chunks])


async def _chunks(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


def test_every_declared_gap_names_a_test() -> None:
    assert unknown_gaps(SETUPS, sys.modules[__name__]) == []


async def test_read_gives_what_was_written(storage: Storage) -> None:
    await storage.write("a/b.txt", bytes(range(256)))
    assert await storage.read("a/b.txt") == bytes(range(256))


async def test_a_blob_may_be_empty(storage: Storage) -> None:
    await storage.write("empty", b"")
    assert await storage.read("empty") == b""
    assert (await storage.stat("empty")).size == 0
    assert await _joined(storage.read_stream("empty")) == b""


async def test_writing_again_replaces_the_whole_blob(storage: Storage) -> None:
    await storage.write("a.txt", b"a long first text")
    await storage.write("a.txt", b"short")
    assert await storage.read("a.txt") == b"short"
    assert await storage.write_stream("a.txt", _chunks(b"from ", b"", b"a stream")) == 13
    assert await storage.read("a.txt") == b"from a stream"


@pytest.mark.parametrize("key", STRANGE_KEYS)
async def test_a_key_comes_back_as_it_was_written(storage: Storage, key: str) -> None:
    await storage.write(key, key.encode())
    assert await storage.read(key) == key.encode()
    assert await storage.exists(key)
    assert await _all(storage.list()) == {key}
    await storage.copy(key, "copied/" + key)
    assert await storage.read("copied/" + key) == key.encode()
    await storage.delete(key)
    assert await _all(storage.list()) == {"copied/" + key}


@pytest.mark.parametrize("written", ["é", "e\u0301"])
async def test_keys_that_only_look_alike_are_different(storage: Storage, written: str) -> None:
    await storage.write(written, b"")
    assert [await storage.exists(key) for key in ("é", "e\u0301")] == [written == "é", written != "é"]


@pytest.mark.parametrize("key", ["nothing", "deep/er/nothing", "blob/below", "blob/be/low", "folder", "日本"])
async def test_a_missing_key_is_said(storage: Storage, key: str) -> None:
    await storage.write("blob", b"x")
    await storage.write("folder/blob", b"x")
    calls: list[Callable[[], Awaitable[object]]] = [
        lambda: storage.read(key),
        lambda: storage.stat(key),
        lambda: storage.copy(key, "target"),
        lambda: _joined(storage.read_stream(key)),
        lambda: _joined(storage.read_stream(key, offset=3, length=0)),
    ]
    for call in calls:
        with pytest.raises(NotFound, match="has nothing under"):
            await call()
    assert not await storage.exists(key)
    assert not await storage.exists("target")


async def test_a_key_may_continue_another_key(storage: Storage) -> None:
    await storage.write("a", b"1")
    await storage.write("a/b", b"2")
    assert await storage.read("a") + await storage.read("a/b") == b"12"


async def test_stat_tells_the_size(storage: Storage) -> None:
    await storage.write("a.txt", b"12345")
    assert (await storage.stat("a.txt")).size == 5


async def test_stat_tells_the_content_type_that_was_written(storage: Storage) -> None:
    await storage.write("a.txt", b"", "application/x-homeport")
    await storage.write_stream("b.txt", _chunks(b"x"), "application/x-homeport")
    found = [(await storage.stat(key)).content_type for key in ("a.txt", "b.txt")]
    assert found == ["application/x-homeport"] * 2
    assert storage.capabilities.keeps_content_type


async def test_stat_tells_the_time_of_the_last_write(storage: Storage) -> None:
    await storage.write("a.txt", b"")
    modified = (await storage.stat("a.txt")).modified
    assert modified is not None
    assert abs(datetime.now(UTC) - modified) < timedelta(minutes=5)
    assert storage.capabilities.keeps_modified


async def test_list_finds_keys_by_the_start_of_their_text(storage: Storage) -> None:
    keys = {"a.txt", "a/1", "a/2/3", "ab/1", "b"}
    for key in keys:
        await storage.write(key, b"")
    assert await _all(storage.list()) == keys
    assert await _all(storage.list("a")) == keys - {"b"}
    assert await _all(storage.list("a/")) == {"a/1", "a/2/3"}
    assert await _all(storage.list("a/2")) == {"a/2/3"}
    assert await _all(storage.list("a/2/3")) == {"a/2/3"}
    assert await _all(storage.list("nothing/here")) == set()


async def test_delete_may_be_repeated_and_leaves_the_neighbours(storage: Storage) -> None:
    await storage.write("a/1", b"1")
    await storage.write("a/2", b"2")
    await storage.delete("a/1")
    await storage.delete("a/1")
    await storage.delete("a")
    await storage.delete("a/2/below")
    assert await _all(storage.list()) == {"a/2"}
    assert await storage.read("a/2") == b"2"


async def test_a_key_can_be_written_again_after_it_was_deleted(storage: Storage) -> None:
    await storage.write("a/b", b"1")
    await storage.delete("a/b")
    assert not await storage.exists("a/b")
    await storage.write("a/b", b"2")
    assert await storage.read("a/b") == b"2"


@pytest.mark.parametrize(
    ("prefix", "left"),
    [
        ("a/", {"a.txt", "ab/1"}),
        ("a", set()),
        ("a/2", {"a.txt", "a/1", "ab/1"}),
        ("zz/", {"a.txt", "a/1", "a/2/3", "ab/1"}),
    ],
)
async def test_delete_prefix_removes_what_list_names(storage: Storage, prefix: str, left: set[str]) -> None:
    for key in ("a.txt", "a/1", "a/2/3", "ab/1"):
        await storage.write(key, b"")
    await storage.delete_prefix(prefix)
    await storage.delete_prefix(prefix)
    assert await _all(storage.list()) == left


async def test_an_empty_prefix_removes_nothing(storage: Storage) -> None:
    await storage.write("a", b"")
    with pytest.raises(InvalidKey, match="empty prefix"):
        await storage.delete_prefix("")
    assert await storage.exists("a")


async def test_copy_keeps_the_source_and_replaces_the_target(storage: Storage) -> None:
    await storage.write("source.txt", b"new", "text/plain")
    await storage.write("folder/target.txt", b"the old text")
    await storage.copy("source.txt", "folder/target.txt")
    await storage.copy("source.txt", "source.txt")
    assert await storage.read("source.txt") == await storage.read("folder/target.txt") == b"new"
    assert (await storage.stat("folder/target.txt")).content_type == "text/plain"


async def test_24_mebibytes_stream_in_and_out_unchanged(storage: Storage) -> None:
    pieces = [hashlib.sha256(bytes([number])).digest() * (MEBIBYTE // 32) for number in range(24)]
    assert await storage.write_stream("big.bin", _chunks(*pieces)) == 24 * MEBIBYTE
    assert (await storage.stat("big.bin")).size == 24 * MEBIBYTE
    arrived, chunks, largest = hashlib.sha256(), 0, 0
    async for chunk in storage.read_stream("big.bin"):
        arrived.update(chunk)
        chunks += 1
        largest = max(largest, len(chunk))
    assert arrived.hexdigest() == hashlib.sha256(b"".join(pieces)).hexdigest()
    assert largest <= 2 * MEBIBYTE
    assert chunks >= 12


async def test_a_large_blob_written_at_once_is_read_at_once(storage: Storage) -> None:
    data = hashlib.sha256(b"seed").digest() * (20 * MEBIBYTE // 32) + b"tail"
    await storage.write("big.bin", data)
    assert await storage.read("big.bin") == data


@pytest.mark.parametrize(
    ("offset", "length", "expected"),
    [
        (0, None, b"0123456789"),
        (3, None, b"3456789"),
        (0, 4, b"0123"),
        (3, 4, b"3456"),
        (8, 4, b"89"),
        (9, 1, b"9"),
        (10, None, b""),
        (10, 5, b""),
        (50, 5, b""),
        (3, 0, b""),
    ],
)
async def test_a_range_is_cut_at_the_end(storage: Storage, offset: int, length: int | None, expected: bytes) -> None:
    await storage.write("digits", b"0123456789")
    assert await _joined(storage.read_stream("digits", offset, length)) == expected


async def test_a_range_deep_in_a_large_blob_starts_where_asked(storage: Storage) -> None:
    await storage.write("big", b"".join(number.to_bytes(4, "big") for number in range(3 * MEBIBYTE // 4)))
    data = await _joined(storage.read_stream("big", 2 * MEBIBYTE, MEBIBYTE // 2))
    assert data == b"".join(number.to_bytes(4, "big") for number in range(MEBIBYTE // 2, 5 * MEBIBYTE // 8))


async def test_a_reader_may_leave_before_the_end(storage: Storage) -> None:
    await storage.write("big", bytes(3 * MEBIBYTE))
    async for _ in storage.read_stream("big"):
        break
    await storage.delete("big")
    assert not await storage.exists("big")


async def test_many_writers_of_different_keys_do_not_disturb_each_other(storage: Storage) -> None:
    async with asyncio.TaskGroup() as group:
        for number in range(40):
            group.create_task(storage.write(f"shared/{number % 4}/{number}", str(number).encode()))
    keys = await _all(storage.list("shared/"))
    assert len(keys) == 40
    assert {await storage.read(key) for key in keys} == {str(number).encode() for number in range(40)}


async def test_readers_see_one_whole_version_while_writers_replace_it(storage: Storage) -> None:
    versions = {bytes([letter]) * 200_000 for letter in b"abcdef"}
    await storage.write("fought/over", next(iter(versions)))
    async with asyncio.TaskGroup() as group:
        for version in versions:
            group.create_task(storage.write("fought/over", version))
        reads = [group.create_task(storage.read("fought/over")) for _ in range(8)]
    assert {read.result() for read in reads} | {await storage.read("fought/over")} <= versions


@pytest.mark.parametrize("before", [0, 12])
async def test_a_stream_that_fails_stores_nothing(storage: Storage, before: int) -> None:
    async def _breaks() -> AsyncIterator[bytes]:
        for _ in range(before):
            yield bytes(MEBIBYTE)
        raise LookupError("the source broke")

    await storage.write("kept", b"old")
    for key in ("kept", "new"):
        with pytest.raises(LookupError, match="the source broke"):
            await storage.write_stream(key, _breaks())
    assert await storage.read("kept") == b"old"
    assert await _all(storage.list()) == {"kept"}


async def test_a_cancelled_stream_stores_nothing(storage: Storage) -> None:
    halfway = asyncio.Event()

    async def _stalls() -> AsyncIterator[bytes]:
        yield bytes(10 * MEBIBYTE)
        halfway.set()
        await asyncio.Event().wait()

    writing = asyncio.create_task(storage.write_stream("a/b", _stalls()))
    await halfway.wait()
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert not await storage.exists("a/b")
    assert await _all(storage.list()) == set()


@pytest.mark.parametrize("key", ["", "/a", "a/", "../a", "a/../b", "a//b", "./a", "a\0b", "a\\b", ".writing/x", " a"])
async def test_a_bad_key_is_refused_everywhere(storage: Storage, key: str) -> None:
    calls: list[Callable[[], Awaitable[object]]] = [
        lambda: storage.write(key, b""),
        lambda: storage.write_stream(key, _chunks(b"")),
        lambda: storage.read(key),
        lambda: _joined(storage.read_stream(key)),
        lambda: storage.exists(key),
        lambda: storage.stat(key),
        lambda: storage.delete(key),
        lambda: storage.copy(key, "a"),
        lambda: storage.copy("a", key),
        lambda: storage.presign(key, timedelta(minutes=1)),
    ]
    for call in calls:
        with pytest.raises(InvalidKey):
            await call()


@pytest.mark.parametrize("prefix", ["/a", "../", "a//", "a/../", "a\0", ".writing/", " "])
async def test_a_bad_prefix_is_refused(storage: Storage, prefix: str) -> None:
    with pytest.raises(InvalidKey):
        await _all(storage.list(prefix))
    with pytest.raises(InvalidKey):
        await storage.delete_prefix(prefix)


async def test_a_presigned_url_serves_the_blob(storage: Storage) -> None:
    for key in ("a/b.txt", "日本 +&#?%20.txt"):
        await storage.write(key, b"content of " + key.encode(), "text/plain")
        url = await storage.presign(key, timedelta(minutes=1))
        async with httpx.AsyncClient(timeout=30, trust_env=False) as client:
            answer = await client.get(url)
        assert answer.content == b"content of " + key.encode()
        assert answer.headers["content-type"].startswith("text/plain")


async def test_a_usable_storage_passes_its_check(storage: Storage) -> None:
    await storage.check()


async def test_closing_twice_is_allowed(storage: Storage) -> None:
    await storage.close()
    await storage.close()
