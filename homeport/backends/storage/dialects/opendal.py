"""The body of every driver that speaks through OpenDAL, and the meaning of its errors.

OpenDAL 0.47 for Python: an error's only sign of being temporary is its text (`NotFound (permanent) at read => ...`),
and reading from an open file raises the same text as a plain `OSError`. An open file cannot be aborted: closing it
stores what was written, so a failed stream is left unclosed.
"""

from __future__ import annotations

import errno
import mimetypes
import re
from collections.abc import AsyncGenerator, AsyncIterator, Generator
from contextlib import contextmanager
from datetime import timedelta
from functools import cache, cached_property
from typing import TYPE_CHECKING

from homeport.backends.storage import errors
from homeport.backends.storage.capabilities import Capabilities
from homeport.backends.storage.dialects.settle import settle_at_exit
from homeport.backends.storage.port import UNKNOWN_CONTENT, Blob
from homeport.runtime.lazy_module import LazyModule

if TYPE_CHECKING:
    import opendal
else:
    #: Takes ten megabytes, which a process that touches no blob is spared.
    opendal = LazyModule("opendal")

#: Bytes per part of a long upload (S3 takes 5 MiB to 5 GiB and 10000 parts: blobs up to 78 GiB), and per chunk read.
WRITE_PART = 8 * 1024 * 1024
READ_CHUNK = 1024 * 1024
#: Parts of one blob under way at once.
AT_ONCE = 4

_HEAD = re.compile(r"(?P<kind>\w+) \((?P<lasting>temporary|permanent|persistent)\)")
_OS_ERROR = re.compile(r"\(os error (\d+)\)")
_SERVICE_CODE = re.compile(r'code: "(\w+)"')
_FOLDERS_IN_THE_WAY = {errno.ENOTDIR, errno.EISDIR, errno.ENOTEMPTY, errno.EEXIST}
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT}
_NOT_ALLOWED = {errno.EACCES, errno.EPERM, errno.EROFS}


class OpendalStorage:
    """A `Storage` over one OpenDAL operator."""

    def __init__(self, scheme: str, options: dict[str, str], name: str, capabilities: Capabilities, hint: str) -> None:
        """Loads and connects nothing yet.

        `name`: the driver's; `hint`: which settings to look at when access is refused.
        """
        self._scheme = scheme
        self._options = options
        self._name = name
        self._capabilities = capabilities
        self._hint = hint

    @cached_property
    def _operator(self) -> opendal.AsyncOperator:
        return connect(self._scheme, self._options, self._name, self._hint)

    @property
    def capabilities(self) -> Capabilities:
        """What this storage can do."""
        return self._capabilities

    async def write(self, key: str, data: bytes, content_type: str = UNKNOWN_CONTENT) -> None:
        """See `Storage.write`."""
        with self._translated(key, writing=True):
            await self._operator.write(key, data, content_type=content_type, chunk=WRITE_PART, concurrent=AT_ONCE)

    async def write_stream(self, key: str, chunks: AsyncIterator[bytes], content_type: str = UNKNOWN_CONTENT) -> int:
        """See `Storage.write_stream`."""
        size = 0
        with self._translated(key, writing=True):
            file = await self._operator.open(key, "wb", content_type=content_type, chunk=WRITE_PART, concurrent=AT_ONCE)
        async for chunk in chunks:
            with self._translated(key, writing=True):
                await file.write(chunk)
            size += len(chunk)
        with self._translated(key, writing=True):
            await file.close()
        return size

    async def read(self, key: str) -> bytes:
        """See `Storage.read`."""
        with self._translated(key):
            return bytes(await self._operator.read(key))

    async def read_stream(self, key: str, offset: int = 0, length: int | None = None) -> AsyncGenerator[bytes]:
        """See `Storage.read_stream`."""
        if length == 0:
            await self.stat(key)
            return
        with self._translated(key):
            file = await self._operator.open(key, "rb")
        try:
            if offset:
                with self._translated(key):
                    await file.seek(offset)
            left = length
            while left is None or left > 0:
                with self._translated(key):
                    chunk = bytes(await file.read(READ_CHUNK if left is None else min(READ_CHUNK, left)))
                if not chunk:
                    return
                if left is not None:
                    left -= len(chunk)
                yield chunk
        finally:
            await file.close()

    async def exists(self, key: str) -> bool:
        """See `Storage.exists`."""
        try:
            await self.stat(key)
        except errors.NotFound:
            return False
        return True

    async def stat(self, key: str) -> Blob:
        """See `Storage.stat`."""
        with self._translated(key):
            found = await self._operator.stat(key)
        if not found.is_file:
            raise self._not_found(key)
        content_type = found.content_type or mimetypes.guess_type(key)[0] or UNKNOWN_CONTENT
        return Blob(size=found.content_length, content_type=content_type, modified=found.last_modified)

    async def list(self, prefix: str = "") -> AsyncGenerator[str]:
        """See `Storage.list`."""
        with self._translated(prefix):
            entries = aiter(await self._operator.list(prefix, recursive=True))
        while True:
            with self._translated(prefix):
                entry = await anext(entries, None)
            if entry is None:
                return
            # Names with a dot at the top are unfinished writes.
            if entry.metadata.is_file and not entry.path.startswith("."):
                yield entry.path

    async def delete(self, key: str) -> None:
        """See `Storage.delete`."""
        with self._translated(key):
            await self._operator.delete(key)

    async def delete_prefix(self, prefix: str) -> None:
        """See `Storage.delete_prefix`."""
        if prefix.endswith("/"):
            # One call, and on a disk the folders go too.
            with self._translated(prefix):
                await self._operator.remove_all(prefix)
            return
        for key in [key async for key in self.list(prefix)]:
            await self.delete(key)

    async def copy(self, source: str, target: str) -> None:
        """See `Storage.copy`. Where the service cannot copy, the bytes travel through this process."""
        if self._operator.capability().copy:
            with self._translated(source):
                await self._operator.copy(source, target)
            return
        blob = await self.stat(source)
        await self.write_stream(target, self.read_stream(source), blob.content_type)

    async def presign(self, key: str, expires: timedelta) -> str:
        """See `Storage.presign`."""
        with self._translated(key):
            request = await self._operator.presign_read(key, int(expires.total_seconds()))
        return str(request.url)

    def require_options(self) -> None:
        """Raise `Misconfigured` when the options do not fit."""
        assert self._operator is not None

    async def check(self) -> None:
        """See `Storage.check`."""
        with self._translated(""):
            await self._operator.check()

    async def close(self) -> None:
        """See `Storage.close`; OpenDAL holds its connections for the whole process."""

    def _not_found(self, key: str) -> errors.NotFound:
        return errors.NotFound(f"The storage {self._name} has nothing under {key!a}.")

    @contextmanager
    def _translated(self, key: str, *, writing: bool = False) -> Generator[None]:
        """Turn errors of OpenDAL into ours; `key` is what the call was about."""
        try:
            yield
        except _sdk_errors() as error:
            raise translate(error, self._name, key, self._hint, writing=writing) from error


def connect(scheme: str, options: dict[str, str], name: str, hint: str) -> opendal.AsyncOperator:
    """An operator for `scheme`; nothing is connected yet. Raises `Misconfigured` when the options do not fit."""
    settle_at_exit()
    try:
        return opendal.AsyncOperator(scheme, **options)
    except _sdk_errors() as error:
        raise translate(error, name, "", hint, writing=False) from error


@cache
def _sdk_errors() -> tuple[type[Exception], ...]:
    exceptions = opendal.exceptions
    return (
        OSError,
        exceptions.Error,
        exceptions.Unexpected,
        exceptions.Unsupported,
        exceptions.ConfigInvalid,
        exceptions.NotFound,
        exceptions.PermissionDenied,
        exceptions.IsADirectory,
        exceptions.NotADirectory,
        exceptions.AlreadyExists,
        exceptions.IsSameFile,
        exceptions.ConditionNotMatch,
        exceptions.RateLimited,
        exceptions.RangeNotSatisfied,
        exceptions.Conflict,
    )


def translate(error: Exception, name: str, key: str, hint: str, *, writing: bool) -> errors.StorageError:
    """The error in the family's words. Its sentence takes a short reason from the SDK's text, never its context."""
    text = str(error)
    head = _HEAD.match(text)
    kind = head["kind"] if head else type(error).__name__
    number = _os_number(error, text)
    found = _from_system(number, name, key, hint, writing=writing) if number else None
    if found is not None:
        return found
    reason = _reason(text)
    if kind == "NotFound":
        if writing:
            return errors.Unavailable(f"The storage {name} lost {key!a} while it was written ({reason}).")
        return errors.NotFound(f"The storage {name} has nothing under {key!a}.")
    if kind == "PermissionDenied":
        return errors.Misconfigured(f"The storage {name} refuses access ({reason}).", hint=hint)
    if kind == "ConfigInvalid":
        return errors.Misconfigured(f"The storage {name} cannot be used as configured ({reason}).", hint=hint)
    if kind == "RateLimited":
        return errors.RateLimited(f"The storage {name} asks to be called less often ({reason}).")
    if kind == "Unsupported":
        return errors.Unsupported(f"The storage {name} cannot do that ({reason}).")
    if kind in {"AlreadyExists", "IsADirectory", "NotADirectory", "IsSameFile", "ConditionNotMatch", "Conflict"}:
        return _in_the_way(name, key, writing=writing)
    if head and head["lasting"] != "permanent":
        return errors.Unavailable(f"The storage {name} does not answer now ({reason}).", hint=hint)
    return errors.StorageError(f"The storage {name} failed ({reason}).", hint=hint)


def _os_number(error: Exception, text: str) -> int | None:
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno
    number = _OS_ERROR.search(text)
    return int(number[1]) if number else None


def _from_system(number: int, name: str, key: str, hint: str, *, writing: bool) -> errors.StorageError | None:
    if number in _FOLDERS_IN_THE_WAY:
        return _in_the_way(name, key, writing=writing)
    if number in _NO_ROOM:
        return errors.Unavailable(f"The disk is full: the storage {name} has no room left for {key!a}.", hint=hint)
    if number in _NOT_ALLOWED:
        return errors.Misconfigured(f"The storage {name} may not touch {key!a} on the disk.", hint=hint)
    return None


def _in_the_way(name: str, key: str, *, writing: bool) -> errors.StorageError:
    if writing:
        return errors.Conflict(f"The storage {name} cannot hold {key!a}: it is a folder, or lies below a file.")
    return errors.NotFound(f"The storage {name} has nothing under {key!a}.")


def _reason(text: str) -> str:
    """The service's own code, or the first line of what OpenDAL says after its arrow."""
    code = _SERVICE_CODE.search(text)
    if code:
        return code[1]
    first_line = text.split("\n", 1)[0]
    _, arrow, said = first_line.rpartition(" => ")
    return said.strip() if arrow else "no reason given"
