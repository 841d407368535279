"""Which model answers, and which one embeds: what is asked for, else the workspace's default, else what is built in."""

from __future__ import annotations

from dataclasses import dataclass, replace

from homeport.backends.llm.choose_account import account_for
from homeport.backends.llm.errors import Misconfigured
from homeport.backends.llm.guards import GuardedEmbedder, GuardedProvider
from homeport.backends.llm.port import Account, ChatModel
from homeport.backends.llm.provider_names import COMPATIBLE, find_provider
from homeport.features.identity.vault import open_workspace_vault
from homeport.features.providers import repository
from homeport.features.providers.known_workspaces import ModelRef, WorkspaceModels
from homeport.features.providers.room import ProvidersRoom
from homeport.runtime.outbound.errors import AddressRefused

LLM = "llm"
TEXT_EMBEDDING = "text-embedding"


@dataclass(frozen=True, slots=True)
class ChosenModel:
    """The model that answers. `built_in`: it only quotes, and needs the passages rather than a prompt."""

    chat: ChatModel
    provider: str
    model: str
    built_in: bool


async def choose_llm(room: ProvidersRoom, workspace_id: str, wanted: ModelRef | None) -> ChosenModel:
    """The model for an answer. Raises the errors of `backends.llm` for a provider that is not set up."""
    known = await workspace_models(room, workspace_id)
    ref = wanted or known.defaults.get(LLM)
    if ref is None:
        chosen = await room.models.open_default_chat()
        return _chosen(chosen.provider, chosen.account.provider, chosen.model)
    account = await _account(room, known, ref.provider)
    return _chosen(await room.models.open_llm(account), account.provider, ref.model)


async def choose_embedder(room: ProvidersRoom, workspace_id: str, wanted: ModelRef | None) -> GuardedEmbedder:
    """The model that embeds. Raises the errors of `backends.llm` for a provider that is not set up."""
    known = await workspace_models(room, workspace_id)
    ref = wanted or known.defaults.get(TEXT_EMBEDDING)
    if ref is None:
        return await room.models.open_default_embedder()
    account = await _account(room, known, ref.provider)
    return (await room.models.open_llm(account)).embedder(ref.model)


async def workspace_models(room: ProvidersRoom, workspace_id: str) -> WorkspaceModels:
    """What the workspace has set up, its keys opened."""
    found = room.known.get(workspace_id)
    if found is not None:
        return found
    async with room.database.read() as session:
        accounts = await repository.list_accounts(session, workspace_id)
        defaults = await repository.list_defaults(session, workspace_id)
        vault = await open_workspace_vault(session, room.vault, workspace_id) if accounts else room.vault
    found = WorkspaceModels(
        accounts={
            row.provider: account_for(
                row.provider,
                {
                    "base_url": row.base_url,
                    "api_key": vault.open(row.sealed_key, key_context(row.provider)) if row.sealed_key else "",
                },
            )
            for row in accounts
        },
        defaults={row.model_type: ModelRef(row.provider, row.model) for row in defaults},
        models={row.provider: list(row.models) for row in accounts},
    )
    room.known.keep(workspace_id, found)
    return found


async def checked_account(room: ProvidersRoom, account: Account) -> Account:
    """The account, bound to the address its name leads to now, unless private ones are allowed.

    Raises `AddressRefused`. A name that leads elsewhere a moment later changes nothing.
    """
    if room.allow_private:
        return account
    addresses = await room.outbound.check_resolved(account.base_url)
    if not addresses:
        raise AddressRefused(f"The name in {account.base_url} is not known.")
    return replace(account, connect_to=addresses[0])


def key_context(provider: str) -> str:
    """What a provider's key is sealed for."""
    return f"model-provider:{provider}"


async def _account(room: ProvidersRoom, known: WorkspaceModels, provider: str) -> Account:
    name = find_provider(provider).name
    account = known.accounts.get(name)
    if account is not None:
        return await checked_account(room, account)
    given = room.models.environment_account()
    if given is not None and given.provider == name:
        return given
    if find_provider(provider).driver != COMPATIBLE:
        return account_for(provider)
    raise Misconfigured(
        f"The model provider {name} is not set up in this workspace.", hint="Enter its key under Settings → Models."
    )


def _chosen(provider: GuardedProvider, name: str, model: str) -> ChosenModel:
    return ChosenModel(provider, name, model, built_in=not provider.capabilities.generates)
