"""Set up, change and remove a workspace's account at a model provider."""

from __future__ import annotations

from typing import Any

from homeport.backends.llm.choose_account import account_for
from homeport.backends.llm.errors import LlmError
from homeport.backends.llm.provider_names import COMPATIBLE, KnownProvider, find_provider
from homeport.features.identity.repository import lock_workspace
from homeport.features.identity.vault import open_workspace_vault
from homeport.features.providers import repository
from homeport.features.providers.choose import checked_account, key_context, workspace_models
from homeport.features.providers.errors import BuiltInProvider, CredentialsInvalid, ProviderNotConfigured
from homeport.features.providers.room import ProvidersRoom
from homeport.features.providers.tables import ProviderAccount
from homeport.runtime.outbound.errors import AddressRefused

_ALLOW = "The operator can allow private addresses with MODEL_ENDPOINT_ALLOW_PRIVATE or OUTBOUND_ALLOW_PRIVATE."


async def set_up_provider(
    room: ProvidersRoom,
    workspace_id: str,
    provider: str,
    base_url: str,
    api_key: str | None,
    models: list[dict[str, Any]],
) -> None:
    """Save an account after it has answered. `api_key` None keeps the stored key; without `models` they are listed.

    Raises `CredentialsInvalid` with the provider's own reason; then nothing is saved.
    """
    known = _changeable(provider)
    address = base_url or known.base_url or ""
    if api_key is None:
        api_key = await _stored_key(room, workspace_id, known, address)
    listed = await _try_out(room, known, address, api_key)
    async with room.database.begin() as session:
        await lock_workspace(session, workspace_id)  # two who save at once must not both add a row
        vault = await open_workspace_vault(session, room.vault, workspace_id)
        row = await repository.find_account(session, workspace_id, known.name)
        if row is None:
            row = ProviderAccount(workspace_id=workspace_id, provider=known.name)
            session.add(row)
        row.base_url = address
        row.sealed_key = vault.seal(api_key, key_context(known.name)) if api_key else ""
        row.models = models or listed
    room.known.forget(workspace_id)


async def _stored_key(room: ProvidersRoom, workspace_id: str, known: KnownProvider, address: str) -> str:
    before = (await workspace_models(room, workspace_id)).accounts.get(known.name)
    if before is None or not before.api_key:
        return ""
    if before.base_url != address:  # or whoever may change the address could have the key sent anywhere
        raise CredentialsInvalid("The address has changed, so the key must be entered again.")
    return before.api_key


async def remove_provider(room: ProvidersRoom, workspace_id: str, provider: str) -> None:
    """Forget an account, its key and the defaults that point to it."""
    name = _changeable(provider).name
    async with room.database.begin() as session:
        row = await repository.find_account(session, workspace_id, name)
        if row is None:
            raise ProviderNotConfigured
        await session.delete(row)
        await repository.forget_provider(session, workspace_id, name)
    room.known.forget(workspace_id)


async def _try_out(room: ProvidersRoom, known: KnownProvider, base_url: str, api_key: str) -> list[dict[str, Any]]:
    try:
        account = account_for(known.name, {"base_url": base_url, "api_key": api_key})
        reached = await room.models.open_llm(await checked_account(room, account))
        await reached.check()
        found = await reached.list_models()
    except AddressRefused as error:
        raise CredentialsInvalid(error.message, hint=_ALLOW) from error
    except LlmError as error:
        raise CredentialsInvalid(error.message, hint=error.hint) from error
    return [{"model": one.name, "model_type": one.type, "context_size": one.context_size} for one in found]


def _changeable(provider: str) -> KnownProvider:
    known = find_provider(provider)
    if known.driver != COMPATIBLE:
        raise BuiltInProvider
    return known
