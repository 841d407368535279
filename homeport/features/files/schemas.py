"""What goes over the wire about files."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from homeport.features.files.room import FilesRoom
from homeport.features.files.sign_links import sign_link
from homeport.features.files.tables import UploaderRole, UploadFile


class UploadedFile(BaseModel):
    """An uploaded file, as the public API answers it. Times in unix seconds, sizes in bytes."""

    id: str
    name: str
    size: int
    extension: str
    mime_type: str
    created_by: str
    created_at: int
    preview_url: str | None = None
    source_url: str
    original_url: str | None = None
    user_id: str | None = None
    tenant_id: str | None = None
    conversation_id: str | None = None
    file_key: str | None = None

    @classmethod
    def of(cls, room: FilesRoom, file: UploadFile) -> UploadedFile:
        """With a signed link to the content."""
        return cls(
            id=file.id,
            name=file.name,
            size=file.size,
            extension=file.extension,
            mime_type=file.mime_type,
            created_by=file.created_by,
            created_at=int(file.created_at.timestamp()),
            source_url=sign_link(room, file.id),
            user_id=file.created_by if file.created_by_role == UploaderRole.END_USER else None,
            tenant_id=file.workspace_id,
        )


#: For the `openapi_extra` of a route that gives its request to `answer_upload`.
UPLOAD_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary", "description": "The file, with its name."},
                        "user": {"type": "string", "description": "Who uploads it, in the words of the client."},
                    },
                }
            }
        },
    }
}
