"""Blobs as files. A write lies under `.writing/` until it is whole and is then renamed into place."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from homeport.backends.storage import errors
from homeport.backends.storage.dialects.opendal import OpendalStorage, connect
from homeport.backends.storage.drivers.fs.spec import SPEC, FsSettings
from homeport.backends.storage.port import UNKNOWN_CONTENT, Storage

# Inside the root, because a rename is only atomic within one file system and the root may be a mount.
_UNFINISHED = ".writing/"
# What a killed process left behind; nobody writes one blob for so long.
_ABANDONED_AFTER = timedelta(days=1)


async def open_driver(settings: FsSettings, data_dir: Path) -> Storage:
    """The folder named by the settings; made when missing. Raises `Misconfigured` when it cannot be."""
    if settings.uses_opendal_options():
        options, hint = settings.options_of("fs"), "Check OPENDAL_FS_ROOT."
    else:
        options, hint = {"root": settings.storage_local_path}, "Check STORAGE_LOCAL_PATH."
    root = _root(options.get("root", "storage"), data_dir)
    operator = connect("fs", {**options, "root": root}, SPEC.name, hint)
    storage = FsStorage(operator, SPEC.name, SPEC.capabilities, hint)
    await storage.prepare(root)
    await storage.sweep(datetime.now(UTC) - _ABANDONED_AFTER)
    return storage


def _root(folder: str, data_dir: Path) -> str:
    return str((data_dir / Path(folder).expanduser()).absolute())


class FsStorage(OpendalStorage):
    """A `Storage` in a folder; survives the process being killed at any point."""

    async def write(self, key: str, data: bytes, content_type: str = UNKNOWN_CONTENT) -> None:
        """See `Storage.write`."""
        async with self._staged(key) as unfinished:
            await super().write(unfinished, data, content_type)

    async def write_stream(self, key: str, chunks: AsyncIterator[bytes], content_type: str = UNKNOWN_CONTENT) -> int:
        """See `Storage.write_stream`."""
        async with self._staged(key) as unfinished:
            return await super().write_stream(unfinished, chunks, content_type)

    async def copy(self, source: str, target: str) -> None:
        """See `Storage.copy`."""
        await self.stat(source)  # a folder, which exists for a disk, is no blob
        async with self._staged(target) as unfinished:
            await super().copy(source, unfinished)

    async def delete(self, key: str) -> None:
        """See `Storage.delete`. The folders above stay: somebody may be about to write into them."""
        if await self.exists(key):
            await super().delete(key)

    async def prepare(self, root: str) -> None:
        """Make the folders; `root` is for the sentence of `Misconfigured`."""
        try:
            with self._translated(root, writing=True):
                await self._operator.create_dir(_UNFINISHED)
        except errors.Conflict as error:
            raise errors.Misconfigured(
                f"The storage folder {root!a} cannot be used: it is a file, or lies below one.", hint=self._hint
            ) from error

    async def sweep(self, before: datetime) -> None:
        """Remove unfinished writes last touched before `before`."""
        with self._translated(_UNFINISHED):
            left = [entry.path async for entry in await self._operator.list(_UNFINISHED)]
        for path in left:
            if path.endswith("/"):
                continue
            try:
                blob = await self.stat(path)
            except errors.NotFound:
                continue  # another process finished it
            if blob.modified is not None and blob.modified < before:
                await super().delete(path)

    @asynccontextmanager
    async def _staged(self, key: str) -> AsyncGenerator[str]:
        unfinished = f"{_UNFINISHED}{uuid4().hex}"
        try:
            yield unfinished
            with self._translated(key, writing=True):
                await self._operator.rename(unfinished, key)
        except BaseException:
            await super().delete(unfinished)
            raise
