"""Everything the knowledge slice works with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from homeport.backends.storage.port import Storage
from homeport.backends.vectors.port import VectorStore
from homeport.features.files.room import FilesRoom
from homeport.features.knowledge.count_hits import HitCounter
from homeport.features.knowledge.settings import KnowledgeSettings
from homeport.features.mail.room import MailRoom
from homeport.features.providers.room import ProvidersRoom
from homeport.runtime.db.database import Database
from homeport.runtime.offload.pool import Offload
from homeport.runtime.outbound.client import Outbound
from homeport.runtime.tasks.jobs import Jobs


class DatasetUsages(Protocol):
    """Tells which datasets apps use; given by the slices above."""

    async def count(self, session: AsyncSession, dataset_ids: Sequence[str]) -> dict[str, int]:
        """Apps per dataset, for all `dataset_ids` in one statement; unused ones may be left out."""
        ...


@dataclass(frozen=True, slots=True)
class KnowledgeRoom:
    """What verbs, tasks and endpoints of this slice are given."""

    database: Database
    storage: Storage
    vectors: VectorStore
    providers: ProvidersRoom
    files: FilesRoom
    jobs: Jobs
    offload: Offload
    outbound: Outbound
    settings: KnowledgeSettings
    usages: DatasetUsages
    mail: MailRoom
    #: Collects what was found; closed with the process.
    hits: HitCounter = field(default_factory=HitCounter)
