"""What this slice works with."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from homeport.features.apps.published import Configurations
from homeport.features.files.room import FilesRoom
from homeport.features.knowledge.room import KnowledgeRoom
from homeport.features.providers.room import ProvidersRoom
from homeport.runtime.db.database import Database
from homeport.runtime.tasks.jobs import Jobs


class AppRemains(Protocol):
    """What a slice above keeps of an app, told how to remove it once the app is gone."""

    async def count(self, session: AsyncSession, app_id: str) -> int:
        """How many rows there are, for showing how far the removal is."""
        ...

    def remove(self, database: Database, app_id: str) -> AsyncGenerator[int]:
        """Remove all of it in short transactions; answers after each how many rows that were. May be begun again."""
        ...


@dataclass(frozen=True, slots=True)
class AppsRoom:
    """Everything apps need."""

    database: Database
    knowledge: KnowledgeRoom
    files: FilesRoom
    providers: ProvidersRoom
    jobs: Jobs
    #: What other slices keep of apps.
    remains: tuple[AppRemains, ...] = ()
    configurations: Configurations = field(default_factory=Configurations)
