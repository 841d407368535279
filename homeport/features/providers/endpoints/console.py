"""Models in the console: providers, their models, the defaults."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from homeport.backends.llm.provider_names import find_provider
from homeport.features.identity.access import Administering, SignedIn
from homeport.features.providers.choose import LLM, TEXT_EMBEDDING, workspace_models
from homeport.features.providers.known_workspaces import ModelRef
from homeport.features.providers.list_providers import list_models, list_providers
from homeport.features.providers.room import ProvidersRoom
from homeport.features.providers.schemas import (
    DefaultModels,
    DefaultRef,
    ListedModels,
    ModelType,
    ProviderChange,
    ProviderItem,
    Providers,
)
from homeport.features.providers.set_defaults import set_defaults
from homeport.features.providers.set_up_provider import remove_provider, set_up_provider
from homeport.runtime.http.provided import provided

router = APIRouter(tags=["models"])

Provided = Annotated[ProvidersRoom, Depends(provided(ProvidersRoom))]


@router.get("/model-providers", summary="List model providers")
async def get_providers(member: SignedIn, room: Provided) -> Providers:
    """Every provider known, those in use first."""
    return Providers(data=await list_providers(room, member.workspace_id))


@router.get("/model-providers/models", summary="List models that may be chosen")
async def get_models(
    member: SignedIn, room: Provided, model_type: Annotated[ModelType, Query()] = "llm"
) -> ListedModels:
    """The models of all providers in use."""
    return ListedModels(data=await list_models(room, member.workspace_id, model_type))


@router.put("/model-providers/{provider:path}", summary="Set up a model provider")
async def put_provider(member: Administering, room: Provided, provider: str, body: ProviderChange) -> ProviderItem:
    """Save address and key once the provider has answered with them."""
    models = [model.model_dump() for model in body.models]
    await set_up_provider(room, member.workspace_id, provider, body.base_url, body.api_key, models)
    items = await list_providers(room, member.workspace_id)
    return next(item for item in items if item.source == "workspace" and item.provider == _short(provider))


@router.delete("/model-providers/{provider:path}", status_code=204, summary="Remove a model provider")
async def delete_provider(member: Administering, room: Provided, provider: str) -> Response:
    """Forget address and key."""
    await remove_provider(room, member.workspace_id, provider)
    return Response(status_code=204)


@router.get("/default-models", summary="Show the preferred models", response_model_by_alias=True)
async def get_defaults(member: SignedIn, room: Provided) -> DefaultModels:
    """Null where nothing is chosen."""
    known = await workspace_models(room, member.workspace_id)
    chosen = {kind: DefaultRef(provider=ref.provider, model=ref.model) for kind, ref in known.defaults.items()}
    return DefaultModels(llm=chosen.get(LLM), text_embedding=chosen.get(TEXT_EMBEDDING))


@router.put("/default-models", summary="Choose the preferred models", response_model_by_alias=True)
async def put_defaults(member: Administering, room: Provided, body: DefaultModels) -> DefaultModels:
    """Only the types that are given change."""
    given = {LLM: ("llm", body.llm), TEXT_EMBEDDING: ("text_embedding", body.text_embedding)}
    wanted = {
        kind: ModelRef(ref.provider, ref.model) if ref else None
        for kind, (name, ref) in given.items()
        if name in body.model_fields_set
    }
    await set_defaults(room, member.workspace_id, wanted)
    return await get_defaults(member, room)


def _short(provider: str) -> str:
    return find_provider(provider).name
