"""Send a file to a browser or client, so that no uploaded page can act in the name of this site."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import cast
from urllib.parse import quote

from starlette.responses import Response, StreamingResponse

from homeport.backends.storage.errors import NotFound as BlobNotFound
from homeport.features.files.check_file import UNKNOWN_TYPE
from homeport.features.files.errors import FileNotFound, RangeNotSatisfiable
from homeport.features.files.room import FilesRoom
from homeport.features.files.tables import UploadFile
from homeport.features.files.upload import stream_upload

#: Shown in the browser; everything else is offered for saving.
_SHOWN = (
    "image/",
    "audio/",
    "video/",
    "application/pdf",
    "application/json",
    "text/plain",
    "text/csv",
    "text/markdown",
)
_HTML = re.compile(r"html|xhtml", re.IGNORECASE)
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
_PARTIAL = 206


async def serve_file(
    room: FilesRoom,
    file: UploadFile,
    *,
    as_attachment: bool = False,
    range_header: str | None = None,
    cache: str = "public, max-age=3600",
) -> Response:
    """The bytes of a file; of audio and video also the one range asked for. HTML is always an attachment.

    Raises `FileNotFound` when the content is gone, `RangeNotSatisfiable`.
    """
    media = file.mime_type.startswith(("audio/", "video/"))
    asked = _asked_range(range_header, file.size) if media else None
    start, end = asked or (0, file.size)
    html = bool(_HTML.search(file.mime_type) or _HTML.search(file.extension))
    headers = {
        "Cache-Control": cache,
        "Content-Length": str(end - start),
        "X-Content-Type-Options": "nosniff",
        # An SVG opened by itself could run scripts here.
        "Content-Security-Policy": "script-src 'none'; frame-ancestors 'self'",
    }
    if media:
        headers["Accept-Ranges"] = "bytes"
    if asked:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{file.size}"
    if as_attachment or html or not file.mime_type.startswith(_SHOWN):
        headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(file.name, safe='')}"
    return StreamingResponse(
        await _begun(stream_upload(room, file, start, end - start)),
        status_code=_PARTIAL if asked else 200,
        headers=headers,
        media_type=UNKNOWN_TYPE if html else file.mime_type,
    )


async def _begun(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same chunks, the first of them read: a content that is gone is found out before the answer begins."""
    try:
        first = await anext(chunks, b"")
    except BlobNotFound as error:
        raise FileNotFound("The content of this file is gone.") from error

    async def whole() -> AsyncIterator[bytes]:
        # Storages write their streams as generators, which hold files and connections until closed.
        async with aclosing(cast("AsyncGenerator[bytes]", chunks)):
            yield first
            async for chunk in chunks:
                yield chunk

    return whole()


def _asked_range(header: str | None, size: int) -> tuple[int, int] | None:
    """First byte and the one after the last; None when everything, or something more difficult, is asked for."""
    found = _RANGE.fullmatch(header.strip()) if header else None
    if found is None or found.groups() == ("", ""):
        return None
    first, last = found.groups()
    start = int(first) if first else max(0, size - int(last))
    end = min(size, int(last) + 1) if first and last else size
    if start >= end:
        raise RangeNotSatisfiable(f"{header} was asked of a file of {size} bytes.")
    return start, end
