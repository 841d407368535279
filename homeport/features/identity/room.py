"""What this slice works with."""

from __future__ import annotations

from dataclasses import dataclass, field

from homeport.features.identity.passwords import Passwords
from homeport.features.identity.settings import IdentitySettings
from homeport.features.identity.vault import Vault
from homeport.runtime.db.database import Database


@dataclass(frozen=True, slots=True)
class IdentityRoom:
    """Given to every verb of the slice that does more than one transaction."""

    database: Database
    settings: IdentitySettings
    vault: Vault
    passwords: Passwords = field(default_factory=Passwords)
