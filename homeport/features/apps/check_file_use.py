"""Whether a file may be seen with an app's key."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from homeport.features.files.errors import FileAccessDenied, FileNotFound
from homeport.features.files.tables import UploaderRole, UploadFile
from homeport.features.identity.repository import find_end_user_by_id


async def check_file_use(session: AsyncSession, app_id: str, file: UploadFile) -> None:
    """Raise `FileNotFound` for a file no message uses, `FileAccessDenied` for one of another app's users."""
    if not file.used:
        raise FileNotFound
    if file.created_by_role != UploaderRole.END_USER:
        raise FileAccessDenied
    user = await find_end_user_by_id(session, file.created_by)
    if user is None or user.app_id != app_id:
        raise FileAccessDenied
