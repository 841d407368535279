"""Give every workspace a new key. What the present or a former master key opens is sealed anew; the rest is lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from homeport.entry.settings import Settings
from homeport.features.apps import trace_secrets
from homeport.features.identity import repository
from homeport.features.identity.errors import MasterKeyMissing, SecretUnreadable
from homeport.features.identity.master_key import find_master_key, key_file
from homeport.features.identity.settings import HOW_TO_MAKE_ONE
from homeport.features.identity.tables import Workspace
from homeport.features.identity.vault import Vault
from homeport.features.providers.reseal import StoredCredential, list_credentials, reseal
from homeport.runtime.db.database import Database


@dataclass(frozen=True, slots=True)
class WorkspaceSecrets:
    """What a workspace has stored under seal."""

    id: str
    name: str
    credentials: list[StoredCredential]

    @property
    def lost(self) -> int:
        """How many credentials must be entered again."""
        return sum(not one.readable for one in self.credentials)


def present_key(settings: Settings, data_dir: Path) -> Vault:
    """The vault of the key that is to be the right one from now on. Raises `MasterKeyMissing`, `MasterKeyUnusable`."""
    key = find_master_key(settings.identity, data_dir)
    if key is None:
        raise MasterKeyMissing(
            f"SECRET_KEY is not set and there is no {key_file(data_dir)}; everything is sealed with it.",
            hint=f"Make one with `{HOW_TO_MAKE_ONE}` and set it as SECRET_KEY, or write it into that file.",
        )
    return Vault(key.secret)


async def list_secrets(database: Database, masters: Sequence[Vault]) -> list[WorkspaceSecrets]:
    """Every workspace with its credentials, and whether one of the master keys opens them."""
    async with database.read() as session:
        return [
            WorkspaceSecrets(one.id, one.name, await _credentials(session, one, masters))
            for one in await repository.list_workspaces(session)
        ]


async def reset_keys(database: Database, masters: Sequence[Vault]) -> None:
    """In one transaction: new workspace keys under the first of the master keys, which is the right one from now on."""
    right = masters[0]
    async with database.begin() as session:
        for workspace in await repository.list_workspaces(session, lock=True):
            former = _vault_of(workspace, masters)
            workspace.sealed_key = right.new_workspace_key(workspace.id)
            new = right.of_workspace(workspace.id, workspace.sealed_key)
            await reseal(session, workspace.id, former, new)
            await trace_secrets.reseal(session, workspace.id, former, new)
        await repository.keep_key_fingerprint(session, right.fingerprint)


async def _credentials(session: AsyncSession, workspace: Workspace, masters: Sequence[Vault]) -> list[StoredCredential]:
    former = _vault_of(workspace, masters)
    of_models = await list_credentials(session, workspace.id, former)
    return of_models + await trace_secrets.list_credentials(session, workspace.id, former)


def _vault_of(workspace: Workspace, masters: Sequence[Vault]) -> Vault | None:
    for master in masters:
        try:
            return master.of_workspace(workspace.id, workspace.sealed_key)
        except SecretUnreadable:
            continue
    return None
