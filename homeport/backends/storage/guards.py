"""Around every driver: check keys and abilities, bound the time, repeat what failed for a passing reason.

A driver translates and does none of that, so all drivers behave alike here.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from datetime import timedelta
from typing import TypeVar, cast

from homeport.backends.storage.capabilities import Capabilities
from homeport.backends.storage.errors import InvalidKey, StorageError, Unavailable, Unsupported
from homeport.backends.storage.keys import check_key, check_prefix
from homeport.backends.storage.port import UNKNOWN_CONTENT, Blob, Storage
from homeport.runtime.drivers.patience import Patience

Answer = TypeVar("Answer")
Item = TypeVar("Item")

_LONGEST_PRESIGN = timedelta(days=7)


class GuardedStorage:
    """A `Storage` as features get it."""

    def __init__(self, driver: Storage, name: str, patience: Patience) -> None:
        """`name`: the driver's, for error sentences."""
        self._driver = driver
        self._name = name
        self._patience = patience

    @property
    def capabilities(self) -> Capabilities:
        """What this storage can do."""
        return self._driver.capabilities

    async def write(self, key: str, data: bytes, content_type: str = UNKNOWN_CONTENT) -> None:
        """See `Storage.write`."""
        check_key(key, self.capabilities)
        await self._repeat(lambda: self._driver.write(key, data, content_type))

    async def write_stream(self, key: str, chunks: AsyncIterator[bytes], content_type: str = UNKNOWN_CONTENT) -> int:
        """See `Storage.write_stream`. Time the caller's chunks take to come does not count."""
        check_key(key, self.capabilities)
        try:
            async with asyncio.timeout(self._patience.timeout) as limit:
                return await self._driver.write_stream(key, self._clocked(chunks, limit), content_type)
        except TimeoutError as error:
            if not limit.expired():
                raise
            raise self._too_slow() from error

    async def read(self, key: str) -> bytes:
        """See `Storage.read`."""
        check_key(key, self.capabilities)
        return await self._repeat(lambda: self._driver.read(key))

    async def read_stream(self, key: str, offset: int = 0, length: int | None = None) -> AsyncGenerator[bytes]:
        """See `Storage.read_stream`."""
        check_key(key, self.capabilities)
        if offset < 0 or (length is not None and length < 0):
            raise ValueError(f"offset {offset} and length {length} must not be negative")
        async with aclosing(self._repeat_start(lambda: self._driver.read_stream(key, offset, length))) as chunks:
            async for chunk in chunks:
                yield chunk

    async def exists(self, key: str) -> bool:
        """See `Storage.exists`."""
        check_key(key, self.capabilities)
        return await self._repeat(lambda: self._driver.exists(key))

    async def stat(self, key: str) -> Blob:
        """See `Storage.stat`."""
        check_key(key, self.capabilities)
        return await self._repeat(lambda: self._driver.stat(key))

    async def list(self, prefix: str = "") -> AsyncGenerator[str]:
        """See `Storage.list`."""
        check_prefix(prefix, self.capabilities)
        async with aclosing(self._repeat_start(lambda: self._driver.list(prefix))) as keys:
            async for key in keys:
                yield key

    async def delete(self, key: str) -> None:
        """See `Storage.delete`."""
        check_key(key, self.capabilities)
        await self._repeat(lambda: self._driver.delete(key))

    async def delete_prefix(self, prefix: str) -> None:
        """See `Storage.delete_prefix`."""
        if not prefix:
            raise InvalidKey("An empty prefix would remove everything; accepted is a prefix such as files/ab/.")
        check_prefix(prefix, self.capabilities)
        await self._repeat(lambda: self._driver.delete_prefix(prefix))

    async def copy(self, source: str, target: str) -> None:
        """See `Storage.copy`."""
        check_key(source, self.capabilities)
        check_key(target, self.capabilities)
        if source == target:
            await self.stat(source)  # some services refuse what changes nothing
            return
        await self._repeat(lambda: self._driver.copy(source, target))

    async def presign(self, key: str, expires: timedelta) -> str:
        """See `Storage.presign`."""
        check_key(key, self.capabilities)
        if not self.capabilities.presign:
            raise Unsupported(f"The storage {self._name} makes no links by which others may read a blob.")
        if not timedelta(seconds=1) <= expires <= _LONGEST_PRESIGN:
            raise Unsupported(f"A link for {expires} was asked for; accepted is one second to 7 days.")
        return await self._repeat(lambda: self._driver.presign(key, expires))

    async def check(self) -> None:
        """See `Storage.check`."""
        await self._repeat(self._driver.check)

    async def close(self) -> None:
        """See `Storage.close`."""
        await self._driver.close()

    async def _repeat(self, call: Callable[[], Awaitable[Answer]]) -> Answer:
        return await self._patience.repeat(call, self._too_slow)

    async def _repeat_start(self, begin: Callable[[], AsyncIterator[Item]]) -> AsyncGenerator[Item]:
        """Items of a stream; it is begun anew only as long as nothing of it was handed out."""
        failures = 0
        started = False
        while True:
            try:
                # Drivers write their streams as generators, which hold files and connections until closed.
                async with aclosing(cast("AsyncGenerator[Item]", begin())) as items:
                    while True:
                        try:
                            item = await self._in_time(anext(items))
                        except StopAsyncIteration:
                            return
                        started = True
                        yield item
            except StorageError as error:
                if started:
                    raise
                failures += 1
                await self._patience.pause_or_raise(error, failures)

    async def _in_time(self, waiting: Awaitable[Answer]) -> Answer:
        return await self._patience.in_time(waiting, self._too_slow)

    async def _clocked(self, chunks: AsyncIterator[bytes], limit: asyncio.Timeout) -> AsyncGenerator[bytes]:
        clock = asyncio.get_running_loop().time
        limit.reschedule(None)
        async for chunk in chunks:
            limit.reschedule(clock() + self._patience.timeout)
            yield chunk
            limit.reschedule(None)
        limit.reschedule(clock() + self._patience.timeout)

    def _too_slow(self) -> Unavailable:
        return Unavailable(
            f"The storage {self._name} did not answer within {self._patience.timeout:g} seconds.",
            hint="Look whether it runs, or raise STORAGE_TIMEOUT.",
        )
