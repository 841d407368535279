"""Takes documents out of answers and lets them in again: enable, disable, archive, take out of the archive."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from sqlalchemy.ext.asyncio import AsyncSession

from homeport.features.knowledge.errors import InvalidAction
from homeport.features.knowledge.repository import datasets, documents
from homeport.features.knowledge.room import KnowledgeRoom
from homeport.features.knowledge.switch_off import index_again
from homeport.features.knowledge.tables import Document, IndexingStatus
from homeport.runtime.db.columns import utc_now

Action = Literal["enable", "disable", "archive", "un_archive"]
ACTIONS: tuple[Action, ...] = ("enable", "disable", "archive", "un_archive")

_BEING_INDEXED = (IndexingStatus.WAITING, *documents.UNDER_WAY)


async def change_documents(
    room: KnowledgeRoom,
    session: AsyncSession,
    workspace_id: str,
    dataset_id: str,
    document_ids: Sequence[str],
    action: Action,
    account_id: str,
) -> list[Document]:
    """Do the same to several documents, all or none; unknown ids are passed over.

    A withheld document stays in the index and is left out of every search; one whose points were dropped meanwhile is
    indexed again when it is let in. Raises `InvalidAction` when one is being indexed.
    """
    found = await documents.lock_documents(session, workspace_id, dataset_id, document_ids)
    for document in found:
        if document.indexing_status in _BEING_INDEXED:
            raise InvalidAction(
                f"The document {document.name!r} is being indexed; it can be {action}d when that is done or paused."
                if action != "un_archive"
                else f"The document {document.name!r} is being indexed; wait until that is done, or pause it."
            )
    available = withheld = 0
    unindexed = []
    for document in found:
        before = document.withheld
        _apply(document, action, account_id)
        document.withheld = document.archived or not document.enabled
        change = int(document.withheld) - int(before)
        withheld += change
        if document.unindexed and not document.withheld:
            unindexed.append(document)  # it counts as available once it is indexed
        elif document.indexing_status == IndexingStatus.COMPLETED:
            available -= change
    await session.flush()
    if unindexed:
        await index_again(room, session, unindexed)
    if available or withheld:
        await datasets.add_counts(session, dataset_id, available=available, withheld=withheld)
    return found


def _apply(document: Document, action: Action, account_id: str) -> None:
    now = utc_now()
    if action == "enable" and not document.enabled:
        document.enabled, document.disabled_at, document.disabled_by = True, None, None
    elif action == "disable" and document.enabled:
        document.enabled, document.disabled_at, document.disabled_by = False, now, account_id
    elif action == "archive" and not document.archived:
        document.archived, document.archived_at, document.archived_by = True, now, account_id
    elif action == "un_archive" and document.archived:
        document.archived, document.archived_at, document.archived_by = False, None, None
