"""Every query of this slice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from homeport.features.apps.tables import App, AppConfig, AppDataset, TraceAppConfig
from homeport.features.identity.tables import Workspace
from homeport.runtime.db.columns import new_id
from homeport.runtime.tasks.queues import Queue
from homeport.runtime.tasks.tables import Job, JobState


@dataclass(frozen=True, slots=True)
class Listed:
    """An app in a list: no configuration."""

    id: str
    name: str
    description: str
    mode: str
    icon_type: str
    icon: str
    icon_background: str
    enable_site: bool
    enable_api: bool
    created_at: datetime
    updated_at: datetime


# Columns of the table, not of the mapped class, and built once: a list is rows to be sent, nothing else.
_APPS = App.__table__.c
_LIST = (
    select(*(_APPS[field.name] for field in fields(Listed)), func.count().over().label("total"))
    .where(_APPS.workspace_id == bindparam("workspace_id"))
    .order_by(_APPS.updated_at.desc(), _APPS.id.desc())
    .offset(bindparam("skip"))
    .limit(bindparam("most"))
)


async def list_apps(
    session: AsyncSession, workspace_id: str, *, page: int, limit: int, name: str, mode: str
) -> tuple[list[Listed], int]:
    """A page of apps, last changed first, and the count of all: one statement."""
    query = _LIST
    if name:
        query = query.where(_APPS.name.icontains(name, autoescape=True))
    if mode:
        query = query.where(_APPS.mode == mode)
    bound = {"workspace_id": workspace_id, "skip": (page - 1) * limit, "most": limit}
    rows = (await session.execute(query, bound)).all()
    if rows or page == 1:
        return [Listed(*row[:-1]) for row in rows], rows[0][-1] if rows else 0
    counted = query.with_only_columns(func.count()).order_by(None).offset(None).limit(None)
    return [], (await session.execute(counted, {"workspace_id": workspace_id})).scalar_one()


async def find(session: AsyncSession, app_id: str, workspace_id: str) -> tuple[App, AppConfig] | None:
    """An app of a workspace with the configuration that runs."""
    query = select(App, AppConfig).join(AppConfig, AppConfig.id == App.config_id)
    row = (await session.execute(query.where(App.id == app_id, App.workspace_id == workspace_id))).one_or_none()
    return None if row is None else (row[0], row[1])


_PUBLISHED = (
    _APPS.id,
    _APPS.workspace_id,
    _APPS.name,
    _APPS.description,
    _APPS.mode,
    _APPS.icon_type,
    _APPS.icon,
    _APPS.icon_background,
    _APPS.config_id,
    _APPS.created_by,
    _APPS.status,
    _APPS.enable_api,
    _APPS.tracing_enabled,
    AppConfig.__table__.c.document,
    Workspace.__table__.c.status.label("workspace_status"),
)
_OPEN = (
    select(*_PUBLISHED)
    .join(AppConfig.__table__, AppConfig.__table__.c.id == _APPS.config_id)
    .join(Workspace.__table__, Workspace.__table__.c.id == _APPS.workspace_id)
    .where(_APPS.id == bindparam("app_id"))
)


async def find_open(session: AsyncSession, app_id: str) -> Row[*tuple[Any, ...]] | None:
    """What a caller needs of an app: its own columns, `document` (the configuration that runs), `workspace_status`."""
    return (await session.execute(_OPEN, {"app_id": app_id})).one_or_none()


async def exists(session: AsyncSession, app_id: str, workspace_id: str) -> bool:
    """Whether the workspace has this app."""
    query = select(App.id).where(App.id == app_id, App.workspace_id == workspace_id)
    return (await session.execute(query)).scalar_one_or_none() is not None


async def set_datasets(session: AsyncSession, app_id: str, dataset_ids: Sequence[str]) -> None:
    """Replace the list of datasets an app uses."""
    await session.execute(delete(AppDataset).where(AppDataset.app_id == app_id))
    if dataset_ids:
        rows = [{"id": new_id(), "app_id": app_id, "dataset_id": dataset_id} for dataset_id in dataset_ids]
        await session.execute(insert(AppDataset), rows)


async def remove(session: AsyncSession, app_id: str) -> None:
    """Delete an app with all its configurations."""
    for table in (TraceAppConfig, AppDataset, AppConfig):
        await session.execute(delete(table).where(table.app_id == app_id))
    await session.execute(delete(App).where(App.id == app_id))


async def count_usages(session: AsyncSession, dataset_ids: Sequence[str]) -> dict[str, int]:
    """How many apps use each dataset; those without are left out."""
    rows = await session.execute(
        select(AppDataset.dataset_id, func.count())
        .where(AppDataset.dataset_id.in_(dataset_ids))
        .group_by(AppDataset.dataset_id)
    )
    return {row[0]: row[1] for row in rows}


async def find_version(session: AsyncSession, app_id: str, config_id: str) -> tuple[App, AppConfig] | None:
    """An app with one of its saved configurations."""
    query = select(App, AppConfig).join(AppConfig, AppConfig.app_id == App.id)
    row = (await session.execute(query.where(App.id == app_id, AppConfig.id == config_id))).one_or_none()
    return None if row is None else (row[0], row[1])


async def find_trace_config(session: AsyncSession, app_id: str, provider: str) -> TraceAppConfig | None:
    """How an app reaches an observability service."""
    query = select(TraceAppConfig).where(TraceAppConfig.app_id == app_id, TraceAppConfig.tracing_provider == provider)
    return (await session.execute(query)).scalar_one_or_none()


async def list_trace_configs(session: AsyncSession, workspace_id: str) -> list[tuple[TraceAppConfig, str]]:
    """What the apps of a workspace have stored for observability services, with the names of the apps."""
    query = select(TraceAppConfig, App.name).join(App, App.id == TraceAppConfig.app_id)
    rows = await session.execute(query.where(App.workspace_id == workspace_id).order_by(App.name, TraceAppConfig.id))
    return [(row[0], row[1]) for row in rows]


async def find_last_failure(session: AsyncSession, app_id: str) -> tuple[datetime, str] | None:
    """When and why handing an answer of this app over failed for good the last time; forgotten with the job."""
    failed = (Job.subject_id == app_id, Job.queue == Queue.OPS_TRACE, Job.state == JobState.FAILED)
    query = select(Job.finished_at, Job.last_error).where(*failed).order_by(Job.finished_at.desc()).limit(1)
    row = (await session.execute(query)).one_or_none()
    return None if row is None or row[0] is None else (row[0], row[1] or "")
