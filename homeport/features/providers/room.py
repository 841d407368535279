"""What this slice works with."""

from __future__ import annotations

from dataclasses import dataclass, field

from homeport.backends.llm.registry import Models
from homeport.features.identity.vault import Vault
from homeport.features.providers.known_workspaces import KnownWorkspaces
from homeport.features.providers.settings import ProvidersSettings
from homeport.runtime.db.database import Database
from homeport.runtime.outbound.client import Outbound


@dataclass(frozen=True, slots=True)
class ProvidersRoom:
    """Given to the verbs of this slice. `allow_private`: whether people may enter private addresses."""

    database: Database
    models: Models
    vault: Vault
    outbound: Outbound
    settings: ProvidersSettings
    allow_private: bool
    known: KnownWorkspaces = field(default_factory=KnownWorkspaces)
