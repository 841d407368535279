"""The tracing of an app in the console."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from homeport.backends.tracing.discover import find_specs
from homeport.features.apps import change, repository, set_up_tracing
from homeport.features.apps.access import OwnApp
from homeport.features.apps.room import AppsRoom
from homeport.features.apps.trace_schemas import (
    NoTraceConfig,
    Provider,
    TraceConfigBody,
    TraceConfigItem,
    TraceProvider,
    TraceProviders,
    TraceSwitch,
    TraceSwitchChange,
)
from homeport.features.identity.access import Editing, SignedIn
from homeport.runtime.http.pages import Done
from homeport.runtime.http.provided import provided
from homeport.runtime.http.work import Reading, Work

router = APIRouter(tags=["tracing"])

Provided = Annotated[AppsRoom, Depends(provided(AppsRoom))]
Chosen = Annotated[Provider, Query()]


@router.get("/trace-providers", summary="List observability services")
async def list_providers(_member: SignedIn) -> TraceProviders:
    """Every service an app may hand its answers to, and what is entered for it."""
    specs = sorted(find_specs().values(), key=lambda spec: spec.label.lower())
    return TraceProviders(data=[TraceProvider.of(spec) for spec in specs])


@router.get("/apps/{app_id}/trace", summary="Show whether an app is traced")
async def show_switch(member: SignedIn, session: Reading, app_id: OwnApp) -> TraceSwitch:
    """With the last failure of handing an answer over, as long as its job is kept."""
    app, _ = await change.get_app(session, member.workspace_id, app_id)
    return TraceSwitch.of(app, await repository.find_last_failure(session, app_id))


@router.post("/apps/{app_id}/trace", summary="Switch the tracing of an app")
async def change_switch(member: Editing, session: Work, app_id: OwnApp, body: TraceSwitchChange) -> Done:
    """On needs a configuration of the service."""
    await set_up_tracing.switch(session, member.workspace_id, app_id, body.tracing_provider, enabled=body.enabled)
    return Done()


@router.get("/apps/{app_id}/trace-config", summary="Show the configuration of a service")
async def show_config(
    member: SignedIn, session: Reading, room: Provided, app_id: OwnApp, tracing_provider: Chosen
) -> TraceConfigItem | NoTraceConfig:
    """Secrets are masked."""
    found = await set_up_tracing.show_config(room, session, member.workspace_id, app_id, tracing_provider)
    if found is None:
        return NoTraceConfig()
    app, _ = await change.get_app(session, member.workspace_id, app_id)
    is_active = app.tracing_enabled and app.tracing_provider == tracing_provider
    return TraceConfigItem.of(*found, is_active=is_active)


@router.post("/apps/{app_id}/trace-config", status_code=201, summary="Set up a service")
async def add_config(member: Editing, room: Provided, app_id: OwnApp, body: TraceConfigBody) -> Done:
    """Saved once the service has answered with these values."""
    await set_up_tracing.add_config(room, member.workspace_id, app_id, body.tracing_provider, body.tracing_config)
    return Done()


@router.patch("/apps/{app_id}/trace-config", summary="Change the configuration of a service")
async def change_config(member: Editing, room: Provided, app_id: OwnApp, body: TraceConfigBody) -> Done:
    """Fields that are not given stay, and so do secrets that are given as they are shown."""
    await set_up_tracing.change_config(room, member.workspace_id, app_id, body.tracing_provider, body.tracing_config)
    return Done()


@router.delete("/apps/{app_id}/trace-config", status_code=204, summary="Remove the configuration of a service")
async def remove_config(member: Editing, session: Work, app_id: OwnApp, tracing_provider: Chosen) -> Response:
    """When it is the one in use, tracing is off."""
    await set_up_tracing.remove_config(session, member.workspace_id, app_id, tracing_provider)
    return Response(status_code=204)
