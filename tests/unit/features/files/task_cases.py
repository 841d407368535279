"""The one task of the files slice."""

from __future__ import annotations

from uuid import UUID, uuid4

from homeport.features.files.remove_unkept import REMOVE_UNKEPT
from homeport.features.files.room import FilesRoom
from homeport.features.files.upload import FOLDER
from homeport.runtime.db.columns import utc_now
from tests.support.task_case import Case
from tests.support.task_stage import Stage, World

_DAYS = 2


def _made_days_ago() -> str:
    """An id of version 7, as it would have been made then."""
    milliseconds = int((utc_now().timestamp() - _DAYS * 86_400) * 1000)
    below = uuid4().int & ((1 << 76) - 1) & ~(3 << 62) | (2 << 62)
    return str(UUID(int=milliseconds << 80 | 7 << 76 | below))


async def _unkept(stage: Stage) -> None:
    await stage.document(await stage.dataset(), "A text that is kept.")
    await stage.settle()
    workspace_id, _ = await stage.owner()
    storage = stage.room(FilesRoom).storage
    for _ in range(3):
        await storage.write(f"{FOLDER}{workspace_id}/{_made_days_ago()}.txt", b"Never noted.", "text/plain")
    await storage.write(f"{FOLDER}{uuid4()}/{_made_days_ago()}.txt", b"Of another installation.", "text/plain")
    await stage.enqueue(REMOVE_UNKEPT)


def _the_kept_one_and_what_is_not_ours(world: World) -> None:
    assert len([key for key in world.files if key.startswith(FOLDER)]) == 2


CASES = [Case(REMOVE_UNKEPT, _unkept, "", _the_kept_one_and_what_is_not_ours)]
