"""The master key of a process: found or made, and compared with the one its database was set up with."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from pathlib import Path

import structlog

from homeport.entry.migrate import current, head
from homeport.entry.settings import Settings
from homeport.features.identity import repository
from homeport.features.identity.check_key import check_key
from homeport.features.identity.errors import MasterKeyMissing, MasterKeyWrong
from homeport.features.identity.master_key import (
    MasterKey,
    find_master_key,
    key_file,
    make_master_key,
    require_master_key,
)
from homeport.features.identity.vault import Vault
from homeport.runtime.db.database import Database
from homeport.runtime.db.faults import DatabaseUnavailable
from homeport.runtime.ops.health import Check

log = structlog.get_logger(__name__)

_PRODUCTION = "PRODUCTION"
_PATIENCE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class HouseKey:
    """The key and its vault, which refuses work while the key is the wrong one."""

    key: MasterKey
    vault: Vault

    async def check(self, database: Database) -> MasterKeyWrong | None:
        """What is wrong with the key now. A database that does not answer or has another schema says nothing."""
        try:
            await database.ping()
        except DatabaseUnavailable:
            return None
        if await current(database) != head():
            return None
        return await check_key(database, self.key, self.vault)

    def as_check(self, database: Database) -> Check:
        """Asked by /health/ready: a process with a wrong key is not ready."""

        async def fault() -> str | None:
            problem = await self.check(database)
            return None if problem is None else str(problem)

        return Check("secret_key", fault)


async def settle_key(settings: Settings, data_dir: Path, database: Database) -> HouseKey:
    """Find the key, or make one for a database that has none yet. A wrong key is logged, and refused at each use.

    Raises `MasterKeyMissing` when this database needs a key that is not here, `MasterKeyUnusable`.
    """
    key = find_master_key(settings.identity, data_dir)
    if key is None:
        await _refuse_another_key(database, data_dir)
        key = make_master_key(data_dir)
    settled = HouseKey(key, Vault(key.secret))
    if key.made_in is not None:
        log.info("made the secret key; back it up", path=str(key.made_in), fingerprint=settled.vault.fingerprint)
    problem = None
    with contextlib.suppress(TimeoutError):  # a database that is silent now is asked again by /health/ready
        async with asyncio.timeout(_PATIENCE_SECONDS):
            problem = await settled.check(database)
    if problem is not None:
        log.error(str(problem), have=problem.have, need=problem.need)
    return settled


def require_shared_key(settings: Settings, data_dir: Path) -> None:
    """Raise `MasterKeyMissing` where several processes in production would each have to make a key of their own."""
    if settings.database.kind != "sqlite" and settings.deployment.deploy_env.upper() == _PRODUCTION:
        require_master_key(settings.identity, data_dir)


async def require_right_key(settings: Settings, data_dir: Path) -> None:
    """Raise `MasterKeyWrong` for a process that could do nothing but fail with the key it has."""
    database = Database(settings.database.url(data_dir), settings.database)
    try:
        settled = await settle_key(settings, data_dir, database)
    finally:
        await database.close()
    if settled.vault.refusal is not None:
        raise settled.vault.refusal


async def _refuse_another_key(database: Database, data_dir: Path) -> None:
    await database.ping()
    if await current(database) != head():
        return
    async with database.read() as session:
        needed = await repository.find_key_fingerprint(session)
    if needed is not None:
        raise MasterKeyMissing(
            f"SECRET_KEY is not set and there is no {key_file(data_dir)}, "
            f"but this database was set up with the key of the fingerprint {needed}.",
            hint="Bring that key back; if it is lost, set a new one and see `homeport reset-encrypt-key-pair`.",
        )
