"""Create, change and delete apps."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from homeport.features.apps import repository
from homeport.features.apps.configuration import Configuration, read_document
from homeport.features.apps.errors import AppNotFound, UnknownDataset
from homeport.features.apps.remove_app import queue_removal
from homeport.features.apps.room import AppsRoom
from homeport.features.apps.tables import App, AppConfig, AppMode
from homeport.features.identity.access import Member
from homeport.features.identity.keys import revoke_keys_of_app
from homeport.features.knowledge.repository.datasets import get_datasets
from homeport.runtime.db.columns import new_id, utc_now


async def create_app(
    session: AsyncSession, member: Member, *, name: str, mode: AppMode, dataset_ids: list[str], **looks: str
) -> tuple[App, AppConfig]:
    """A new app of the member's workspace. `looks`: description, icon, icon_background."""
    document = Configuration.model_validate(
        {
            "dataset_configs": {
                "datasets": {"datasets": [{"dataset": {"id": one, "enabled": True}} for one in dataset_ids]}
            }
        }
    )
    await _check_datasets(session, member.workspace_id, document)
    app = App(
        id=new_id(), workspace_id=member.workspace_id, name=name, mode=mode, created_by=member.account_id, **looks
    )
    config = AppConfig(id=new_id(), app_id=app.id, document=document.model_dump(), created_by=member.account_id)
    app.config_id = config.id
    session.add(app)
    await session.flush()
    session.add(config)
    await repository.set_datasets(session, app.id, document.dataset_ids)
    return app, config


async def get_app(session: AsyncSession, workspace_id: str, app_id: str) -> tuple[App, AppConfig]:
    """An app of the workspace; raises `AppNotFound`."""
    found = await repository.find(session, app_id, workspace_id)
    if found is None:
        raise AppNotFound
    return found


async def change_app(
    session: AsyncSession, member: Member, app_id: str, fields: dict[str, Any], document: dict[str, Any] | None
) -> tuple[App, AppConfig]:
    """Set `fields` of an app; a `document` becomes its new configuration, keys it does not name stay."""
    app, config = await get_app(session, member.workspace_id, app_id)
    for name, value in fields.items():
        setattr(app, name, value)
    app.updated_at = utc_now()
    if document is not None:
        configuration = read_document(config.document | document)
        await _check_datasets(session, member.workspace_id, configuration)
        config = AppConfig(
            id=new_id(), app_id=app.id, document=configuration.model_dump(), created_by=member.account_id
        )
        session.add(config)
        app.config_id = config.id
        await repository.set_datasets(session, app.id, configuration.dataset_ids)
    return app, config


async def delete_app(room: AppsRoom, session: AsyncSession, workspace_id: str, app_id: str) -> None:
    """The app, its keys and its use of knowledge are gone at once; a job removes all else that belonged to it."""
    await get_app(session, workspace_id, app_id)
    await revoke_keys_of_app(session, app_id)
    await repository.remove(session, app_id)
    await queue_removal(room, session, workspace_id, app_id)


async def _check_datasets(session: AsyncSession, workspace_id: str, configuration: Configuration) -> None:
    wanted = configuration.dataset_ids
    if not wanted:
        return
    ids = [one for one in wanted if _is_id(one)]
    missing = set(wanted) - {dataset.id for dataset in await get_datasets(session, workspace_id, ids)}
    if missing:
        raise UnknownDataset(f"There is no knowledge base {min(missing)} in this workspace.")


def _is_id(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False
