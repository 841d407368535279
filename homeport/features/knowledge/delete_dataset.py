"""Deletes a knowledge base: gone at once for everybody, its content by a job."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from homeport.features.knowledge import clean_up
from homeport.features.knowledge.errors import DatasetInUse
from homeport.features.knowledge.repository import datasets
from homeport.features.knowledge.room import KnowledgeRoom


async def delete_dataset(room: KnowledgeRoom, session: AsyncSession, workspace_id: str, dataset_id: str) -> None:
    """Raises `DatasetNotFound`, `DatasetInUse` while an app uses it."""
    dataset = await datasets.get_dataset(session, workspace_id, dataset_id, lock=True)
    used = (await room.usages.count(session, [dataset_id])).get(dataset_id, 0)
    if used:
        apps = "an app" if used == 1 else f"{used} apps"
        raise DatasetInUse(
            f"The knowledge base {dataset.name!r} is used by {apps}.", hint="Take it out of the app first."
        )
    payload = clean_up.RemovedDataset(workspace_id=workspace_id, dataset_id=dataset_id, collection=dataset.collection)
    await session.delete(dataset)
    await room.jobs.enqueue(session, clean_up.REMOVE_DATASET, payload, workspace_id=workspace_id, subject_id=dataset_id)
