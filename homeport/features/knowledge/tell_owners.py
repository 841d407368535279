"""Tells the owners of a workspace which of its documents were switched off because nobody used them."""

from __future__ import annotations

from collections.abc import Sequence

from homeport.features.knowledge.repository import unused
from homeport.features.knowledge.room import KnowledgeRoom
from homeport.features.mail.send import Letter, send
from homeport.runtime.tasks.queues import Queue
from homeport.runtime.tasks.task import NoPayload, RunningJob, Task

_AT_ONCE = 20


async def mail_switched_off(room: KnowledgeRoom, _payload: NoPayload, _job: RunningJob) -> None:
    """One letter to each owner of each workspace, once for each document; nothing is noted where no mail is sent."""
    while room.mail.sends and await _tell_some(room):
        pass


async def _tell_some(room: KnowledgeRoom) -> bool:
    """Whether there was anything to tell. The letters and the notes that they were written are one transaction."""
    async with room.database.begin() as session:
        workspaces = await unused.workspaces_to_tell(session, _AT_ONCE)
        if not workspaces:
            return False
        rows = await unused.untold(session, workspaces)
        # The notes that were counted, and no others: should more have come in between, all are looked at again.
        if await unused.note_told(session, workspaces) != sum(row.noted for row in rows):
            await session.rollback()
            return True
        for workspace_id, address in await unused.owners(session, workspaces):
            off = [
                (str(row.name), int(row.still_off))
                for row in rows
                if row.workspace_id == workspace_id and row.name is not None and row.still_off
            ]
            if off:
                await send(session, room.mail, _letter(address, off, room.settings.plan_sandbox_clean_day_setting))
        return True


def _letter(address: str, off: Sequence[tuple[str, int]], days: int) -> Letter:
    documents = sum(count for _, count in off)
    listed = "\n".join(f"- {name}: {_documents(count)}" for name, count in off)
    return Letter(
        to=(address,),
        subject=f"{_documents(documents)} switched off in knowledge bases that nobody used",
        text=(
            f"Nobody searched or changed these knowledge bases for {days} days, so their documents were switched off "
            f"and are not found any more:\n\n{listed}\n\n"
            "Nothing is lost. To use them again, enable the documents in the knowledge base: they are indexed again.\n"
        ),
    )


def _documents(count: int) -> str:
    return "1 document" if count == 1 else f"{count} documents"


MAIL_SWITCHED_OFF = Task("knowledge.mail_switched_off", Queue.DATASET, NoPayload, mail_switched_off)
