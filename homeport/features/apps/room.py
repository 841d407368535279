"""What this slice works with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncSession

from homeport.features.apps.published import Configurations
from homeport.features.files.room import FilesRoom
from homeport.features.knowledge.room import KnowledgeRoom
from homeport.features.providers.room import ProvidersRoom
from homeport.runtime.db.database import Database

#: Told inside the transaction that deletes an app.
AppDeleted = Callable[[AsyncSession, str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class AppsRoom:
    """Everything apps need. `deleted`: what other slices do when an app goes."""

    database: Database
    knowledge: KnowledgeRoom
    files: FilesRoom
    providers: ProvidersRoom
    deleted: tuple[AppDeleted, ...] = ()
    configurations: Configurations = field(default_factory=Configurations)
