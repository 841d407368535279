"""Set up, change, remove and switch the tracing of an app."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from homeport.backends.tracing.config import ServiceConfig
from homeport.backends.tracing.errors import TracingError
from homeport.backends.tracing.port import Tracer
from homeport.backends.tracing.registry import find_spec, open_tracer, read_config
from homeport.features.apps import repository
from homeport.features.apps.errors import AppNotFound, TraceConfigExists, TraceConfigMissing, TraceConfigRefused
from homeport.features.apps.room import AppsRoom
from homeport.features.apps.tables import App, TraceAppConfig
from homeport.features.apps.trace_secrets import Fields, hide, merge, seal, unseal
from homeport.features.identity.vault import open_workspace_vault


async def show_config(
    room: AppsRoom, session: AsyncSession, workspace_id: str, app_id: str, provider: str
) -> tuple[TraceAppConfig, Fields] | None:
    """The stored configuration and its fields as they may be shown; None when there is none."""
    _known(provider)
    row = await repository.find_trace_config(session, app_id, provider)
    if row is None:
        return None
    vault = await open_workspace_vault(session, room.providers.vault, workspace_id)
    return row, hide(provider, unseal(vault, row))


async def add_config(room: AppsRoom, workspace_id: str, app_id: str, provider: str, given: Mapping[str, Any]) -> None:
    """Save a configuration after the service has answered with it.

    Raises `TraceConfigRefused` with the service's own reason, `TraceConfigExists`.
    """
    config = await _tried(room, provider, given)
    try:
        async with room.database.begin() as session:
            vault = await open_workspace_vault(session, room.providers.vault, workspace_id)
            fields = seal(vault, app_id, provider, config)
            session.add(TraceAppConfig(app_id=app_id, tracing_provider=provider, tracing_config=fields))
    except IntegrityError as error:
        raise TraceConfigExists from error


async def change_config(
    room: AppsRoom, workspace_id: str, app_id: str, provider: str, given: Mapping[str, Any]
) -> None:
    """Save changed fields after the service has answered with them; what is not given, or still hidden, stays.

    Raises `TraceConfigMissing`, `TraceConfigRefused`.
    """
    _known(provider)
    async with room.database.read() as session:
        row = await repository.find_trace_config(session, app_id, provider)
        if row is None:
            raise TraceConfigMissing
        vault = await open_workspace_vault(session, room.providers.vault, workspace_id)
        stored = unseal(vault, row)
    merged = merge(provider, stored, given)
    config = _read(provider, merged.fields)
    if merged.keeps_secret and config.address != stored.get(config.address_field):
        # Or whoever may change the address could have the keys sent anywhere.
        raise TraceConfigRefused(f"{provider}: the address has changed, so the keys must be entered again.")
    await _try_out(room, provider, config)
    async with room.database.begin() as session:
        row = await repository.find_trace_config(session, app_id, provider)
        if row is None:
            raise TraceConfigMissing
        row.tracing_config = seal(vault, app_id, provider, config)


async def remove_config(session: AsyncSession, workspace_id: str, app_id: str, provider: str) -> None:
    """Forget a configuration; when it is the one in use, tracing is off. Raises `TraceConfigMissing`."""
    _known(provider)
    row = await repository.find_trace_config(session, app_id, provider)
    if row is None:
        raise TraceConfigMissing
    await session.delete(row)
    app = await _app(session, workspace_id, app_id)
    if app.tracing_provider == provider:
        app.tracing_enabled, app.tracing_provider = False, None


async def switch(session: AsyncSession, workspace_id: str, app_id: str, provider: str | None, *, enabled: bool) -> None:
    """Hand answers to this service from now on, or to none. Raises `TraceConfigMissing`, `TraceConfigRefused`."""
    app = await _app(session, workspace_id, app_id)
    if provider is not None:
        _known(provider)
    if enabled and (provider is None or await repository.find_trace_config(session, app_id, provider) is None):
        raise TraceConfigMissing
    app.tracing_enabled, app.tracing_provider = enabled, provider


async def tracer_of(room: AppsRoom, session: AsyncSession, workspace_id: str, app_id: str) -> Tracer | None:
    """What the app's answers are handed to; None when tracing is off. Raises `SecretUnreadable`, `Misconfigured`."""
    found = await repository.find(session, app_id, workspace_id)
    if found is None or not found[0].tracing_enabled or found[0].tracing_provider is None:
        return None
    provider = found[0].tracing_provider
    row = await repository.find_trace_config(session, app_id, provider)
    if row is None:
        return None
    vault = await open_workspace_vault(session, room.providers.vault, workspace_id)
    return open_tracer(provider, read_config(provider, unseal(vault, row)), room.providers.outbound.http)


async def _tried(room: AppsRoom, provider: str, given: Mapping[str, Any]) -> ServiceConfig:
    config = _read(provider, given)
    await _try_out(room, provider, config)
    return config


async def _try_out(room: AppsRoom, provider: str, config: ServiceConfig) -> None:
    with _refusals():
        await open_tracer(provider, config, room.providers.outbound.http).check()


def _read(provider: str, given: Mapping[str, Any]) -> ServiceConfig:
    with _refusals():
        return read_config(provider, given)


def _known(provider: str) -> None:
    with _refusals():
        find_spec(provider)


@contextmanager
def _refusals() -> Iterator[None]:
    """What is wrong with a service is, while somebody sets it up, wrong with what was entered."""
    try:
        yield
    except TracingError as error:
        raise TraceConfigRefused(error.message, hint=error.hint) from error


async def _app(session: AsyncSession, workspace_id: str, app_id: str) -> App:
    found = await repository.find(session, app_id, workspace_id)
    if found is None:
        raise AppNotFound
    return found[0]
