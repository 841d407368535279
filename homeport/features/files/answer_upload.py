"""Answer a request that uploads one file, for the endpoints of slices above."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request

from homeport.features.files.errors import FileTooLarge, NoFileUploaded, TooManyFiles
from homeport.features.files.read_multipart import MultipartBody
from homeport.features.files.room import FilesRoom
from homeport.features.files.schemas import UploadedFile
from homeport.features.files.tables import UploaderRole
from homeport.features.files.upload import StoredContent, keep, store

_OVERHEAD = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Uploader:
    """Who is written down as the one who handed the file over."""

    id: str
    role: UploaderRole


#: Tells who uploads, from the transaction that writes the row and the form's field `user` (None when absent).
FindUploader = Callable[[AsyncSession, str | None], Awaitable[Uploader]]


async def answer_upload(
    room: FilesRoom, request: Request, workspace_id: str, find_uploader: FindUploader
) -> UploadedFile:
    """Read the body as it comes, store its one file and answer it. Whatever raises, nothing is left behind.

    Raises `NoFileUploaded`, `TooManyFiles`, what `upload.store` raises, what `find_uploader` raises, `BadRequest`.
    """
    _refuse_early(room, request)
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise NoFileUploaded
    stored: StoredContent | None = None
    kept = False
    fields: dict[str, str] = {}
    body = MultipartBody(request)
    try:
        while (part := await body.next_part()) is not None:
            if part.filename is None:
                fields[part.name] = await body.text()
            elif stored is not None:
                raise TooManyFiles
            elif part.name == "file":
                stored = await store(room, workspace_id, part.filename, body.chunks(), part.content_type)
        if stored is None:
            raise NoFileUploaded
        async with room.database.begin() as session:
            uploader = await find_uploader(session, fields.get("user"))
            row = keep(session, stored, uploader.id, uploader.role)
        kept = True
        return UploadedFile.of(room, row)
    finally:
        if stored is not None and not kept:
            await room.storage.delete(stored.key)


def _refuse_early(room: FilesRoom, request: Request) -> None:
    declared = request.headers.get("content-length", "")
    if declared.isascii() and declared.isdigit() and int(declared) > room.settings.largest_upload + _OVERHEAD:
        megabytes = room.settings.largest_upload // 1024 // 1024
        raise FileTooLarge(
            f"The upload is larger than the {megabytes} MB accepted for any kind of file.",
            hint="An administrator can raise UPLOAD_FILE_SIZE_LIMIT.",
        )
