"""Blobs as files. A write lies under `.writing/` until it is whole and is then renamed into place."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from homeport.backends.storage import errors
from homeport.backends.storage.dialects.opendal import OpendalStorage
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
    storage = FsStorage("fs", {**options, "root": root}, SPEC.name, SPEC.capabilities, hint)
    if len(options) > 1:
        storage.require_options()
    await asyncio.to_thread(storage.prepare, Path(root))
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

    def prepare(self, root: Path) -> None:
        """Make the folders, and remove what was abandoned in them. Raises `Misconfigured`."""
        try:
            with self._translated(str(root), writing=True):
                (root / _UNFINISHED).mkdir(parents=True, exist_ok=True)
                _sweep(root / _UNFINISHED, datetime.now(UTC) - _ABANDONED_AFTER)
        except errors.Conflict as error:
            raise errors.Misconfigured(
                f"The storage folder {str(root)!a} cannot be used: it is a file, or lies below one.", hint=self._hint
            ) from error

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


def _sweep(folder: Path, before: datetime) -> None:
    """Remove files last touched before `before`."""
    for file in folder.iterdir():
        with suppress(FileNotFoundError):  # another process finished it
            if file.is_file() and file.stat().st_mtime < before.timestamp():
                file.unlink()
