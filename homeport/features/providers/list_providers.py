"""Show which providers there are, which are set up, and which models may be chosen."""

from __future__ import annotations

from homeport.backends.llm.check_installed import find_missing
from homeport.backends.llm.choose_account import EXTRACTIVE_MODEL, LOCAL_EMBEDDING_MODEL, MINILM_MODEL
from homeport.backends.llm.discover import find_specs
from homeport.backends.llm.port import Account
from homeport.backends.llm.provider_names import COMPATIBLE, KNOWN, KnownProvider, short_name
from homeport.features.identity.hide_secret import hide_secret
from homeport.features.providers.choose import workspace_models
from homeport.features.providers.known_workspaces import WorkspaceModels
from homeport.features.providers.list_environment import list_environment
from homeport.features.providers.room import ProvidersRoom
from homeport.features.providers.schemas import ListedModel, ModelEntry, ModelType, ProviderItem
from homeport.features.providers.settings import ProvidersSettings

_BUILT_IN = {
    "extractive": ModelEntry(model=EXTRACTIVE_MODEL, model_type="llm"),
    "local": ModelEntry(model=LOCAL_EMBEDDING_MODEL, model_type="text-embedding"),
    "minilm": ModelEntry(model=MINILM_MODEL, model_type="text-embedding"),
}
_ABOUT = {
    "extractive": "Answers by quoting the best passages, without a model.",
    "local": "Embeds on this machine; nothing leaves it.",
    "minilm": "Embeds on this machine with all-MiniLM-L6-v2, which finds more and takes longer.",
}


async def list_providers(room: ProvidersRoom, workspace_id: str) -> list[ProviderItem]:
    """Every provider that can be used or set up here and is shown: pinned ones first, then those in use."""
    known = await workspace_models(room, workspace_id)
    given = room.models.environment_account()
    installed = (provider for provider in KNOWN if find_missing(find_specs()[provider.driver]) is None)
    items = [_item(provider, known, given) for provider in installed if _is_shown(provider.name, room.settings)]
    for item in items:
        if given is not None and item.source == "environment":
            item.models = await list_environment(room, given)
    pins = [short_name(pin) for pin in room.settings.position_provider_pins]
    place = {name: position for position, name in enumerate(dict.fromkeys(pins))}
    return sorted(items, key=lambda item: (place.get(item.provider, len(place)), not item.configured))


def _is_shown(name: str, settings: ProvidersSettings) -> bool:
    only = {short_name(one) for one in settings.position_provider_includes}
    hidden = {short_name(one) for one in settings.position_provider_excludes}
    return name not in hidden and (not only or name in only)


async def list_models(room: ProvidersRoom, workspace_id: str, model_type: ModelType) -> list[ListedModel]:
    """The models of a type that providers in use offer."""
    return [
        ListedModel(
            provider=item.provider,
            model=entry.model,
            model_type=entry.model_type,
            label=f"{entry.model} ({item.label})",
        )
        for item in await list_providers(room, workspace_id)
        for entry in item.models
        if entry.model_type == model_type
    ]


def _item(provider: KnownProvider, known: WorkspaceModels, given: Account | None) -> ProviderItem:
    account = known.accounts.get(provider.name)
    source = "workspace" if account else None
    if account is None and given is not None and given.provider == provider.name:
        account, source = given, "environment"
    built_in = provider.driver != COMPATIBLE
    models = [ModelEntry.model_validate(model) for model in known.models.get(provider.name, [])]
    if built_in:
        models = [_BUILT_IN[provider.name]]
    return ProviderItem.model_validate(
        {
            "provider": provider.name,
            "label": provider.label,
            "description": _ABOUT.get(provider.name, "Speaks the OpenAI interface."),
            "configured": built_in or account is not None,
            "source": source,
            "base_url": account.base_url if account else provider.base_url or "",
            "api_key_masked": hide_secret(account.api_key) if account else "",
            "models": models,
        }
    )
