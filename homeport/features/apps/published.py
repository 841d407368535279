"""An app as the things that run it see it: found by its key, its configuration parsed once."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from homeport.features.apps import repository
from homeport.features.apps.configuration import Configuration, read_document
from homeport.features.apps.errors import AppClosed, AppNotFound
from homeport.features.apps.tables import App
from homeport.features.identity.errors import KeyInvalid, WorkspaceArchived
from homeport.features.identity.keys import verify_key
from homeport.features.identity.tables import ApiKey, KeyKind, WorkspaceStatus
from homeport.runtime.errors import Forbidden

_KEPT = 1024


@dataclass(frozen=True, slots=True)
class Published:
    """A running app."""

    id: str
    workspace_id: str
    name: str
    description: str
    mode: str
    icon_type: str
    icon: str
    icon_background: str
    config_id: str
    configuration: Configuration
    created_by: str | None
    #: Whether its answers are handed to an observability service.
    traced: bool


@dataclass(frozen=True, slots=True)
class Configurations:
    """Parsed configurations by their id. A row never changes, so nothing here can be out of date."""

    _kept: OrderedDict[str, Configuration] = field(default_factory=OrderedDict)

    def parse(self, config_id: str, document: dict[str, Any]) -> Configuration:
        """The typed document; raises `AppUnavailable`."""
        known = self._kept.get(config_id)
        if known is None:
            known = self._kept[config_id] = read_document(document)
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return known


async def by_key(session: AsyncSession, configurations: Configurations, token: str) -> tuple[ApiKey, Published]:
    """A key and its app, open to the API. The checks and their order are the public API's."""
    key = await verify_key(session, token)
    if key is None or key.kind != KeyKind.APP or key.app_id is None:
        raise KeyInvalid
    app = await repository.find_open(session, key.app_id)
    if app is None:
        raise Forbidden("The app no longer exists.")
    if app.status != "normal":
        raise Forbidden("The app's status is abnormal.")
    if not app.enable_api:
        raise AppClosed
    if app.workspace_status != WorkspaceStatus.NORMAL:
        raise WorkspaceArchived
    return key, _published(app, configurations.parse(app.config_id, app.document))


async def by_id(session: AsyncSession, configurations: Configurations, workspace_id: str, app_id: str) -> Published:
    """An app of a workspace, for its members; raises `AppNotFound`."""
    found = await repository.find(session, app_id, workspace_id)
    if found is None:
        raise AppNotFound
    app, config = found
    return _published(app, configurations.parse(config.id, config.document))


async def by_version(
    session: AsyncSession, configurations: Configurations, app_id: str, config_id: str
) -> Published | None:
    """An app as it was with one of its saved configurations; None when it is gone."""
    found = await repository.find_version(session, app_id, config_id)
    return None if found is None else _published(found[0], configurations.parse(config_id, found[1].document))


def _published(app: App | Row[*tuple[Any, ...]], configuration: Configuration) -> Published:
    return Published(
        id=app.id,
        workspace_id=app.workspace_id,
        name=app.name,
        description=app.description,
        mode=app.mode,
        icon_type=app.icon_type,
        icon=app.icon,
        icon_background=app.icon_background,
        config_id=app.config_id,
        configuration=configuration,
        created_by=app.created_by,
        traced=app.tracing_enabled,
    )
