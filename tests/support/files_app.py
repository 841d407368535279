"""A small application that takes and serves files, over a real database and a storage in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import httpx
from fastapi import APIRouter, Depends, FastAPI, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from homeport.backends.storage.registry import open_storage
from homeport.backends.storage.settings import StorageSettings
from homeport.features.files.answer_upload import Uploader, answer_upload
from homeport.features.files.endpoints.public import links_router
from homeport.features.files.room import FilesRoom
from homeport.features.files.schemas import UPLOAD_BODY, UploadedFile
from homeport.features.files.serve_file import serve_file
from homeport.features.files.settings import FilesSettings
from homeport.features.files.tables import UploaderRole
from homeport.features.files.upload import find_upload
from homeport.features.identity.tables import Workspace
from homeport.features.identity.vault import Vault
from homeport.runtime.db.columns import new_id
from homeport.runtime.db.database import Database
from homeport.runtime.db.tables import Table
from homeport.runtime.errors import InvalidInput
from homeport.runtime.http import problems
from homeport.runtime.http.provided import provided

PERSON = "01900000-0000-7000-8000-000000000001"


@dataclass(frozen=True, slots=True)
class FilesApp:
    """The application, the room it works with, and the one workspace there is."""

    app: FastAPI
    room: FilesRoom
    workspace_id: str

    def client(self) -> httpx.AsyncClient:
        """A client of the application."""
        return httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://homeport.test")

    async def stored_keys(self) -> list[str]:
        """Everything that lies in the storage."""
        return sorted([key async for key in self.room.storage.list()])


async def _find_uploader(_session: AsyncSession, user: str | None) -> Uploader:
    if user == "refused":
        raise InvalidInput("user is refused.")
    return Uploader(PERSON, UploaderRole.END_USER)


routes = APIRouter()
ProvidedFiles = Annotated[FilesRoom, Depends(provided(FilesRoom))]


# As the slices above do it, without their authentication.
@routes.post("/v1/files/upload", status_code=201, openapi_extra=UPLOAD_BODY)
async def _upload(request: Request, room: ProvidedFiles) -> UploadedFile:
    return await answer_upload(room, request, request.app.state.workspace_id, _find_uploader)


@routes.get("/v1/files/{file_id}/preview")
async def _preview(file_id: UUID, request: Request, room: ProvidedFiles, as_attachment: bool = False) -> Response:
    async with room.database.read() as session:
        file = await find_upload(session, request.app.state.workspace_id, str(file_id))
    asked = request.headers.get("Range")
    return await serve_file(room, file, as_attachment=as_attachment, range_header=asked)


@asynccontextmanager
async def open_files_app(url: str, data_dir: Path, **settings: Any) -> AsyncIterator[FilesApp]:
    """The application over the empty database at `url`; its tables are made."""
    database = Database(url)
    async with database.engine.begin() as connection:
        await connection.run_sync(Table.metadata.create_all)
    storage = await open_storage(StorageSettings(opendal_scheme="memory"), data_dir)
    room = FilesRoom(database, storage, FilesSettings.model_validate(settings), Vault(b"a secret"))
    workspace_id = new_id()
    async with database.begin() as session:
        session.add(Workspace(id=workspace_id, name="The only one", sealed_key=""))
    app = FastAPI()
    app.include_router(routes)
    app.include_router(links_router, prefix="/files")
    problems.install(app)
    app.state.provided = {Database: database, FilesRoom: room}
    app.state.workspace_id = workspace_id
    try:
        yield FilesApp(app, room, workspace_id)
    finally:
        await storage.close()
        await database.close()
