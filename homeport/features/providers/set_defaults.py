"""Choose the models a workspace uses where an app or a dataset names none."""

from __future__ import annotations

from homeport.backends.llm.check_installed import refuse_if_missing
from homeport.backends.llm.discover import find_specs
from homeport.backends.llm.errors import Misconfigured
from homeport.backends.llm.provider_names import COMPATIBLE, find_provider
from homeport.features.identity.repository import lock_workspace
from homeport.features.providers import repository
from homeport.features.providers.choose import LLM, workspace_models
from homeport.features.providers.errors import ModelNotUsable
from homeport.features.providers.known_workspaces import ModelRef
from homeport.features.providers.room import ProvidersRoom


async def set_defaults(room: ProvidersRoom, workspace_id: str, wanted: dict[str, ModelRef | None]) -> None:
    """Prefer a model per type, or none. Raises `ModelNotUsable` for a provider that is not set up or cannot do it."""
    chosen = {kind: ref and await _usable(room, workspace_id, kind, ref) for kind, ref in wanted.items()}
    async with room.database.begin() as session:
        await lock_workspace(session, workspace_id)
        for kind, ref in chosen.items():
            await repository.set_default(session, workspace_id, kind, ref)
    room.known.forget(workspace_id)


async def _usable(room: ProvidersRoom, workspace_id: str, kind: str, ref: ModelRef) -> ModelRef:
    provider = find_provider(ref.provider)
    spec = find_specs()[provider.driver]
    able = spec.capabilities
    if not (able.chat if kind == LLM else able.embed):
        raise ModelNotUsable(f"{provider.label} cannot be used for {kind}.")
    try:
        refuse_if_missing(spec)
    except Misconfigured as error:
        raise ModelNotUsable(error.message, hint=error.hint) from error
    if provider.driver == COMPATIBLE:
        given = room.models.environment_account()
        set_up = provider.name in (await workspace_models(room, workspace_id)).accounts
        if not set_up and (given is None or given.provider != provider.name):
            raise ModelNotUsable(
                f"The model provider {provider.name} is not set up in this workspace.",
                hint="Enter its address and key under Settings → Models first.",
            )
    return ModelRef(provider.name, ref.model)
