"""What this slice works with."""

from __future__ import annotations

from dataclasses import dataclass

from homeport.backends.storage.port import Storage
from homeport.features.files.settings import FilesSettings
from homeport.features.identity.vault import Vault
from homeport.runtime.db.database import Database


@dataclass(frozen=True, slots=True)
class FilesRoom:
    """Given to every verb of the slice. The vault gives the key that signs links."""

    database: Database
    storage: Storage
    settings: FilesSettings
    vault: Vault
