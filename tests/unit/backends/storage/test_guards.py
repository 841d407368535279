# ruff: noqa: ARG002 - a driver takes what the port gives it
from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from datetime import timedelta

import pytest

from homeport.backends.storage.drivers.memory.spec import SPEC
from homeport.backends.storage.drivers.s3.spec import SPEC as S3_SPEC
from homeport.backends.storage.errors import (
    Conflict,
    Misconfigured,
    NotFound,
    RateLimited,
    StorageError,
    Unavailable,
    Unsupported,
)
from homeport.backends.storage.guards import GuardedStorage
from homeport.backends.storage.port import UNKNOWN_CONTENT, Blob
from homeport.runtime.drivers.patience import Patience

QUICK = Patience(timeout=5, attempts=3, first_pause=0.001, longest_pause=0.002)


class TroubledStorage:
    """A driver of one blob that fails with the given errors, one a call, and then works."""

    def __init__(self, *troubles: Exception, parts: Sequence[bytes | Exception] = (b"x",)) -> None:
        self.capabilities = SPEC.capabilities
        self._troubles = list(troubles)
        self._parts = parts
        self.calls = 0
        self.open_streams = 0
        self.hang = False

    async def _call(self) -> None:
        self.calls += 1
        if self.hang:
            await asyncio.Event().wait()
        if self._troubles:
            raise self._troubles.pop(0)

    async def write(self, key: str, data: bytes, content_type: str = UNKNOWN_CONTENT) -> None:
        await self._call()

    async def write_stream(self, key: str, chunks: AsyncIterator[bytes], content_type: str = UNKNOWN_CONTENT) -> int:
        size = sum([len(chunk) async for chunk in chunks])
        await self._call()
        return size

    async def read(self, key: str) -> bytes:
        await self._call()
        return b"x"

    async def read_stream(self, key: str, offset: int = 0, length: int | None = None) -> AsyncGenerator[bytes]:
        self.open_streams += 1
        try:
            await self._call()
            for part in self._parts:
                if isinstance(part, Exception):
                    raise part
                yield part
        finally:
            self.open_streams -= 1

    async def exists(self, key: str) -> bool:
        await self._call()
        return True

    async def stat(self, key: str) -> Blob:
        await self._call()
        return Blob(1, UNKNOWN_CONTENT, None)

    async def list(self, prefix: str = "") -> AsyncGenerator[str]:
        await self._call()
        yield "a"

    async def delete(self, key: str) -> None:
        await self._call()

    async def delete_prefix(self, prefix: str) -> None:
        await self._call()

    async def copy(self, source: str, target: str) -> None:
        await self._call()

    async def presign(self, key: str, expires: timedelta) -> str:
        await self._call()
        return "https://"

    async def check(self) -> None:
        await self._call()

    async def close(self) -> None:
        await self._call()


def _guarded(driver: TroubledStorage, patience: Patience = QUICK) -> GuardedStorage:
    return GuardedStorage(driver, "troubled", patience)


async def _parts(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


@pytest.mark.parametrize("trouble", [Unavailable, RateLimited])
async def test_a_passing_failure_is_tried_again(trouble: type[StorageError]) -> None:
    driver = TroubledStorage(trouble(), trouble())
    assert await _guarded(driver).read("a") == b"x"
    assert driver.calls == 3


async def test_the_last_attempt_raises_what_it_met() -> None:
    driver = TroubledStorage(Unavailable("first"), Unavailable("second"), RateLimited("third"), Unavailable("never"))
    with pytest.raises(RateLimited, match="third"):
        await _guarded(driver).stat("a")
    assert driver.calls == 3


@pytest.mark.parametrize("trouble", [NotFound, Misconfigured, Conflict, Unsupported, StorageError, LookupError])
async def test_a_lasting_failure_is_raised_at_once(trouble: type[Exception]) -> None:
    driver = TroubledStorage(trouble())
    with pytest.raises(trouble):
        await _guarded(driver).delete("a")
    assert driver.calls == 1


async def test_a_stream_is_begun_again_while_nothing_was_read() -> None:
    driver = TroubledStorage(Unavailable(), Unavailable(), parts=(b"a", b"b"))
    assert [part async for part in _guarded(driver).read_stream("a")] == [b"a", b"b"]
    assert driver.open_streams == 0


async def test_a_stream_that_breaks_halfway_is_not_begun_again() -> None:
    driver = TroubledStorage(parts=(b"a", Unavailable("halfway")))
    stream = _guarded(driver).read_stream("a")
    assert await anext(stream) == b"a"
    with pytest.raises(Unavailable, match="halfway"):
        await anext(stream)
    assert driver.calls == 1
    assert driver.open_streams == 0


async def test_a_reader_that_closes_early_closes_the_driver_too() -> None:
    driver = TroubledStorage(parts=(b"a", b"b"))
    stream = _guarded(driver).read_stream("a")
    assert await anext(stream) == b"a"
    await stream.aclose()
    assert driver.open_streams == 0


async def test_an_exhausted_source_is_not_sent_twice() -> None:
    driver = TroubledStorage(Unavailable("lost"))
    with pytest.raises(Unavailable, match="lost"):
        await _guarded(driver).write_stream("a", _parts(b"a"))
    assert driver.calls == 1


@pytest.mark.parametrize("stream", [True, False])
async def test_silence_ends_as_unavailable(stream: bool) -> None:
    driver = TroubledStorage()
    driver.hang = True
    guarded = _guarded(driver, Patience(timeout=0.02, attempts=2, first_pause=0.001, longest_pause=0.001))
    with pytest.raises(Unavailable, match=r"troubled did not answer within 0\.02 seconds"):
        await (anext(guarded.read_stream("a")) if stream else guarded.read("a"))
    assert driver.calls == 2
    assert driver.open_streams == 0


async def test_a_storage_that_stalls_at_the_end_of_a_write_is_unavailable() -> None:
    driver = TroubledStorage()
    driver.hang = True
    with pytest.raises(Unavailable, match="did not answer"):
        await _guarded(driver, Patience(timeout=0.02)).write_stream("a", _parts(b"a"))


async def test_a_slow_source_may_take_longer_than_the_timeout() -> None:
    async def _slow() -> AsyncIterator[bytes]:
        for _ in range(2):
            await asyncio.sleep(0.5)
            yield b"a"

    assert await _guarded(TroubledStorage(), Patience(timeout=0.4)).write_stream("a", _slow()) == 2


async def test_a_timeout_of_the_callers_own_stays_a_timeout() -> None:
    driver = TroubledStorage()
    driver.hang = True
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.02):
            await _guarded(driver).read("a")


async def test_presign_is_refused_without_asking_a_driver_that_cannot() -> None:
    driver = TroubledStorage()
    with pytest.raises(Unsupported, match="The storage troubled makes no links"):
        await _guarded(driver).presign("a", timedelta(minutes=1))
    assert driver.calls == 0


@pytest.mark.parametrize("expires", [timedelta(0), timedelta(milliseconds=999), timedelta(days=7, seconds=1)])
async def test_presign_refuses_a_time_no_service_takes(expires: timedelta) -> None:
    driver = TroubledStorage()
    driver.capabilities = S3_SPEC.capabilities
    with pytest.raises(Unsupported, match="accepted is one second to 7 days"):
        await _guarded(driver).presign("a", expires)
    assert await _guarded(driver).presign("a", timedelta(days=7)) == "https://"


@pytest.mark.parametrize(("offset", "length"), [(-1, None), (0, -1)])
async def test_a_negative_range_is_a_bug_of_the_caller(offset: int, length: int | None) -> None:
    with pytest.raises(ValueError, match="must not be negative"):
        await anext(_guarded(TroubledStorage()).read_stream("a", offset, length))
