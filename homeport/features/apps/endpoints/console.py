"""Apps in the console."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BeforeValidator
from starlette.responses import Response

from homeport.features.apps import change, repository
from homeport.features.apps.room import AppsRoom
from homeport.features.apps.schemas import AppChanges, AppDetail, AppItem, NewApp
from homeport.features.apps.tables import AppMode
from homeport.features.identity.access import Editing, SignedIn
from homeport.features.identity.keys import issue_key, list_keys, revoke_key
from homeport.features.identity.schemas import ApiKeyItem, ApiKeys
from homeport.runtime.http.body import without_unstorable
from homeport.runtime.http.pages import Page, PageLimit, PageNumber
from homeport.runtime.http.provided import provided
from homeport.runtime.http.work import Reading, Work

router = APIRouter(prefix="/apps", tags=["apps"])

Provided = Annotated[AppsRoom, Depends(provided(AppsRoom))]


@router.get("", summary="List apps")
async def list_apps(
    member: SignedIn,
    session: Reading,
    page: PageNumber = 1,
    limit: PageLimit = 20,
    name: Annotated[str, BeforeValidator(without_unstorable), Query(max_length=100)] = "",
    mode: AppMode | None = None,
) -> Page[AppItem]:
    """The workspace's apps, last changed first."""
    apps, total = await repository.list_apps(
        session, member.workspace_id, page=page, limit=limit, name=name, mode=mode or ""
    )
    return Page.of([AppItem.of(app) for app in apps], page=page, limit=limit, total=total)


@router.post("", status_code=201, summary="Create an app")
async def create_app(member: Editing, session: Work, body: NewApp) -> AppDetail:
    """A new app, on the knowledge bases of `dataset_ids`."""
    app, config = await change.create_app(
        session,
        member,
        name=body.name,
        mode=body.mode,
        dataset_ids=body.dataset_ids,
        description=body.description,
        icon=body.icon,
        icon_background=body.icon_background,
    )
    return AppDetail.of_both(app, config.document)


@router.get("/{app_id}", summary="Show an app")
async def show_app(member: SignedIn, session: Reading, app_id: UUID) -> AppDetail:
    """An app with its configuration."""
    app, config = await change.get_app(session, member.workspace_id, str(app_id))
    return AppDetail.of_both(app, config.document)


@router.patch("/{app_id}", summary="Change an app")
async def change_app(member: Editing, session: Work, app_id: UUID, body: AppChanges) -> AppDetail:
    """Change what is given; keys of `model_config` that are not given stay."""
    app, config = await change.change_app(session, member, str(app_id), body.fields(), body.app_config)
    return AppDetail.of_both(app, config.document)


@router.delete("/{app_id}", status_code=204, summary="Delete an app")
async def delete_app(member: Editing, session: Work, room: Provided, app_id: UUID) -> Response:
    """Delete an app with its conversations and keys."""
    await change.delete_app(room, session, member.workspace_id, str(app_id))
    return Response(status_code=204)


@router.get("/{app_id}/api-keys", summary="List an app's API keys")
async def app_keys(member: SignedIn, session: Reading, app_id: UUID) -> ApiKeys:
    """The keys, masked."""
    await change.get_app(session, member.workspace_id, str(app_id))
    keys = await list_keys(session, "app", member.workspace_id, str(app_id))
    return ApiKeys(data=[ApiKeyItem.masked(key) for key in keys])


@router.post("/{app_id}/api-keys", status_code=201, summary="Create an API key of an app")
async def new_app_key(member: Editing, session: Work, app_id: UUID) -> ApiKeyItem:
    """A new key; this answer is the only one that shows it."""
    await change.get_app(session, member.workspace_id, str(app_id))
    return ApiKeyItem.in_full(await issue_key(session, "app", member.workspace_id, str(app_id)), "app")


@router.delete("/{app_id}/api-keys/{key_id}", status_code=204, summary="Revoke an API key of an app")
async def revoke_app_key(member: Editing, session: Work, app_id: UUID, key_id: UUID) -> Response:
    """The key stops working at once."""
    await change.get_app(session, member.workspace_id, str(app_id))
    await revoke_key(session, str(key_id), "app", member.workspace_id, str(app_id))
    return Response(status_code=204)
