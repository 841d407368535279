"""Seal the keys of a workspace's providers anew, when the workspace gets another key."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from homeport.features.identity.errors import SecretUnreadable
from homeport.features.identity.vault import Vault
from homeport.features.providers import repository
from homeport.features.providers.choose import key_context
from homeport.features.providers.tables import ProviderAccount


@dataclass(frozen=True, slots=True)
class StoredCredential:
    """The key of one provider, as it lies in the database."""

    provider: str
    base_url: str
    #: Whether it can be opened, and so be sealed anew.
    readable: bool


async def list_credentials(session: AsyncSession, workspace_id: str, vault: Vault | None) -> list[StoredCredential]:
    """The stored keys of a workspace; `vault` is the one they were sealed with, None when it cannot be opened."""
    rows = await repository.list_accounts(session, workspace_id)
    return [
        StoredCredential(row.provider, row.base_url, _open(vault, row) is not None) for row in rows if row.sealed_key
    ]


async def reseal(session: AsyncSession, workspace_id: str, former: Vault | None, new: Vault) -> None:
    """Seal each key with `new`; what `former` does not open is emptied. Addresses and models stay."""
    for row in await repository.list_accounts(session, workspace_id):
        if row.sealed_key:
            key = _open(former, row)
            row.sealed_key = "" if key is None else new.seal(key, key_context(row.provider))


def _open(vault: Vault | None, row: ProviderAccount) -> str | None:
    if vault is None:
        return None
    try:
        return vault.open(row.sealed_key, key_context(row.provider))
    except SecretUnreadable:
        return None
