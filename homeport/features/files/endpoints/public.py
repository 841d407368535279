"""Signed links to files: whoever holds one needs no other permission. Mounted under /files."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from homeport.features.files import repository
from homeport.features.files.errors import FileNotFound, UnsupportedFileType
from homeport.features.files.room import FilesRoom
from homeport.features.files.serve_file import serve_file
from homeport.features.files.sign_links import LinkKind, Signature, check_link
from homeport.features.files.tables import UploadFile
from homeport.runtime.http.provided import provided

links_router = APIRouter(tags=["files"])

ProvidedFiles = Annotated[FilesRoom, Depends(provided(FilesRoom))]

_BYTES: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/octet-stream": {}}, "description": "The bytes of the file."}
}


async def _signature(
    timestamp: Annotated[str, Query(pattern=r"^\d{1,15}$", description="When the link was made, unix seconds.")],
    nonce: Annotated[str, Query(max_length=64, description="Makes every link different.")],
    sign: Annotated[str, Query(max_length=128, description="Signature over kind, id, time and nonce.")],
) -> Signature:
    return Signature(timestamp, nonce, sign)


Signed = Annotated[Signature, Depends(_signature)]
AsAttachment = Annotated[bool, Query(description="Offer the file for saving instead of showing it.")]


@links_router.get(
    "/{file_id}/file-preview", summary="A file, by signed link", response_class=Response, responses=_BYTES
)
async def file_preview(
    file_id: UUID, signature: Signed, request: Request, room: ProvidedFiles, as_attachment: AsAttachment = False
) -> Response:
    """404 `file_not_found` when the link is not valid or has run out."""
    file = await _linked(room, str(file_id), "file-preview", signature)
    cache = f"private, max-age={room.settings.files_access_timeout}"
    asked = request.headers.get("Range")
    return await serve_file(room, file, as_attachment=as_attachment, range_header=asked, cache=cache)


@links_router.get(
    "/{file_id}/image-preview", summary="An image, by signed link", response_class=Response, responses=_BYTES
)
async def image_preview(file_id: UUID, signature: Signed, room: ProvidedFiles) -> Response:
    """As `file-preview`; 415 `unsupported_file_type` for what is no image."""
    file = await _linked(room, str(file_id), "image-preview", signature)
    if not file.mime_type.startswith("image/"):
        raise UnsupportedFileType(f"The file is {file.mime_type}; accepted at this address are images.")
    return await serve_file(room, file, cache=f"private, max-age={room.settings.files_access_timeout}")


async def _linked(room: FilesRoom, file_id: str, kind: LinkKind, signature: Signature) -> UploadFile:
    check_link(room, file_id, kind, signature)
    async with room.database.read() as session:
        file = await repository.find(session, file_id)
    if file is None:
        raise FileNotFound
    return file
