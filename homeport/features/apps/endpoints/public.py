"""What client programs ask about an app."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import Response

from homeport.features.apps.access import CallingApp
from homeport.features.apps.check_file_use import check_file_use
from homeport.features.apps.describe import parameters_of
from homeport.features.apps.room import AppsRoom
from homeport.features.apps.schemas import Info, Meta, Parameters, SiteInfo
from homeport.features.files.answer_upload import Uploader, answer_upload
from homeport.features.files.schemas import UPLOAD_BODY, UploadedFile
from homeport.features.files.serve_file import serve_file
from homeport.features.files.tables import UploaderRole
from homeport.features.files.upload import find_upload
from homeport.features.identity.end_users import find_or_create_end_user
from homeport.features.identity.repository import find_account
from homeport.runtime.http.provided import provided
from homeport.runtime.http.work import Reading

router = APIRouter(tags=["app"])

Provided = Annotated[AppsRoom, Depends(provided(AppsRoom))]


@router.get("/parameters", summary="Parameters of the app")
async def parameters(app: CallingApp, room: Provided) -> Parameters:
    """Features that are on, the input form, upload limits."""
    return parameters_of(app.configuration, room.files.settings)


@router.get("/info", summary="Basic facts of the app")
async def info(app: CallingApp, session: Reading) -> Info:
    """Name, description, mode, author."""
    author = await find_account(session, app.created_by) if app.created_by else None
    return Info(name=app.name, description=app.description, mode=app.mode, author_name=author.name if author else None)


@router.get("/meta", summary="Icons of the app's tools")
async def meta(_app: CallingApp) -> Meta:
    """A chat app without tools has none."""
    return Meta()


@router.get("/site", summary="How the app presents itself")
async def site(app: CallingApp) -> SiteInfo:
    """Title, icon, texts."""
    return SiteInfo.of(app)


@router.post("/files/upload", status_code=201, summary="Upload a file", openapi_extra=UPLOAD_BODY)
async def upload(app: CallingApp, request: Request, room: Provided) -> UploadedFile:
    """A file that a later message may name. It belongs to `user`."""

    async def uploader(session: AsyncSession, user: str | None) -> Uploader:
        found = await find_or_create_end_user(session, app.workspace_id, app.id, user)
        return Uploader(found.id, UploaderRole.END_USER)

    return await answer_upload(room.files, request, app.workspace_id, uploader)


@router.get("/files/{file_id}/preview", summary="A file used in a message", response_class=Response)
async def preview(
    app: CallingApp, request: Request, room: Provided, file_id: UUID, as_attachment: Annotated[bool, Query()] = False
) -> Response:
    """The bytes of a file that a message of this app uses."""
    async with room.database.read() as session:
        file = await find_upload(session, app.workspace_id, str(file_id))
        await check_file_use(session, app.id, file)
    return await serve_file(room.files, file, as_attachment=as_attachment, range_header=request.headers.get("range"))
