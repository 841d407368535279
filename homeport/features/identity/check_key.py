"""Whether the master key of this process is the one its database was set up with."""

from __future__ import annotations

from sqlalchemy.exc import IntegrityError

from homeport.features.identity import repository
from homeport.features.identity.errors import MasterKeyWrong, SecretUnreadable
from homeport.features.identity.master_key import MasterKey
from homeport.features.identity.tables import Installation
from homeport.features.identity.vault import Vault
from homeport.runtime.db.database import Database


async def check_key(database: Database, key: MasterKey, vault: Vault) -> MasterKeyWrong | None:
    """What is wrong with the key, None when nothing is; from now on the vault refuses work exactly while something is.

    The first process that asks writes the fingerprint of its key; all later ones compare theirs.
    """
    async with database.read() as session:
        needed = await repository.find_key_fingerprint(session)
        oldest = None if needed else await repository.find_oldest_workspace(session)
    problem = None
    if needed is None:
        if oldest is not None and not _opens(vault, oldest.id, oldest.sealed_key):
            problem = MasterKeyWrong(key.origin, vault.fingerprint, None)
        else:
            needed = await _begin(database, vault.fingerprint)
    if needed is not None and needed != vault.fingerprint:
        problem = MasterKeyWrong(key.origin, vault.fingerprint, needed)
    vault.refuse(problem)
    return problem


def _opens(vault: Vault, workspace_id: str, sealed_key: str) -> bool:
    """A database from before fingerprints were kept: what it has sealed tells as much."""
    try:
        vault.of_workspace(workspace_id, sealed_key)
    except SecretUnreadable:
        return False
    except MasterKeyWrong:  # found before, and nothing has changed
        return False
    return True


async def _begin(database: Database, fingerprint: str) -> str:
    """Write the fingerprint, unless another process has just written its own; answer the one that counts."""
    try:
        async with database.begin() as session:
            session.add(Installation(key_fingerprint=fingerprint))
    except IntegrityError:
        async with database.read() as session:
            return await repository.find_key_fingerprint(session) or fingerprint
    return fingerprint
