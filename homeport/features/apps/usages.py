"""Which datasets are in use by apps: handed to the knowledge slice, which must not know apps."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from homeport.features.apps import repository


class AppUsages:
    """Counts the apps that use datasets."""

    async def count(self, session: AsyncSession, dataset_ids: Sequence[str]) -> dict[str, int]:
        """Dataset id -> number of apps; datasets without apps are left out. One statement."""
        return await repository.count_usages(session, dataset_ids)
