"""Removes contents that were stored and never got a row: the process was killed between the two.

Only of workspaces that the database knows, and only a few: a database that is paired with the storage of another, or of
a later time (it was restored from a backup), must not empty it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath
from uuid import UUID

import structlog

from homeport.features.files import repository
from homeport.features.files.room import FilesRoom
from homeport.features.files.upload import FOLDER
from homeport.runtime.db.columns import utc_now
from homeport.runtime.errors import HomeportError
from homeport.runtime.tasks.queues import Queue
from homeport.runtime.tasks.task import NoPayload, RunningJob, Task

log = structlog.get_logger(__name__)

#: No request takes longer to get from its first content to its rows.
_LONGEST_REQUEST = timedelta(days=1)
_PAGE = 500
#: Killed processes leave fewer in a day: what one request each had stored.
_MOST = 100
_UUID7 = 7
#: In a UUID of version 7 the bits before these are milliseconds since 1970.
_BELOW_TIME = 80


class StorageIsNewer(HomeportError):
    """The storage has more contents without a row than killed processes leave."""

    code = "storage_is_newer"


async def remove_unkept(room: FilesRoom, before: datetime, most: int = _MOST) -> int:
    """Delete contents without a row that were begun before `before`; answers how many.

    Raises `StorageIsNewer`, and deletes none, when there are more than `most`.
    """
    found: list[str] = []
    page: dict[str, str] = {}
    async for key in room.storage.list(FOLDER):
        begun = _begun(key)
        if begun is not None and begun[1] < before:
            page[begun[0]] = key
        if len(page) == _PAGE:
            found += await _unkept(room, page)
            page = {}
    found += await _unkept(room, page)
    if len(found) > most:
        sentence = (
            f"The storage has {len(found)} uploads that this database knows nothing of, {found[0]} among them; killed "
            f"processes leave up to {most} a day. Nothing was removed."
        )
        hint = (
            "If the database was restored from a backup, restore its newest one, or keep the storage as it is; "
            "delete the files by hand once you are sure that nobody needs them."
        )
        raise StorageIsNewer(sentence, hint=hint)
    for key in found:
        await room.storage.delete(key)
    return len(found)


async def _unkept(room: FilesRoom, page: dict[str, str]) -> list[str]:
    """Keys of those without a row; `page`: id -> key."""
    if not page:
        return []
    async with room.database.read() as session:
        known = set(await repository.known_ids(session, page))
        left: Sequence[str] = [key for file_id, key in page.items() if file_id not in known]
        # Rows of earlier versions have another id than their key says.
        known_keys = set(await repository.known_keys(session, left)) if left else set()
        ours = set(await repository.known_workspaces(session, {_workspace(key) for key in left})) if left else set()
    return [key for key in left if key not in known_keys and _workspace(key) in ours]


def _workspace(key: str) -> str:
    return PurePosixPath(key).parent.name


def _begun(key: str) -> tuple[str, datetime] | None:
    """The id in a key, and when it was made; None for a key that this version does not give."""
    try:
        UUID(_workspace(key))
        found = UUID(PurePosixPath(key).name.partition(".")[0])
    except ValueError:
        return None
    if found.version != _UUID7:
        return None
    return str(found), datetime.fromtimestamp((found.int >> _BELOW_TIME) / 1000, UTC)


async def _run(room: FilesRoom, _payload: NoPayload, _job: RunningJob) -> None:
    removed = await remove_unkept(room, utc_now() - _LONGEST_REQUEST)
    if removed:
        log.info("contents of uploads that were never finished were removed", count=removed)


REMOVE_UNKEPT = Task("files.remove_unkept", Queue.RETENTION, NoPayload, _run)
