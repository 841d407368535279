"""The stored fields of an observability service: secrets sealed in the database, hidden on the wire."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from homeport.backends.tracing.config import ServiceConfig
from homeport.backends.tracing.registry import find_spec
from homeport.features.apps import repository
from homeport.features.apps.tables import TraceAppConfig
from homeport.features.identity.errors import SecretUnreadable
from homeport.features.identity.hide_secret import hide_secret
from homeport.features.identity.vault import Vault
from homeport.features.providers.reseal import StoredCredential

Fields = dict[str, Any]


def seal(vault: Vault, app_id: str, provider: str, config: ServiceConfig) -> Fields:
    """The fields as they are stored; `vault` is the workspace's."""
    plain = {name: getattr(config, name) for name in config.plain_fields()}
    return plain | {
        name: vault.seal(secret, _context(app_id, provider, name)) for name, secret in config.secrets().items()
    }


def unseal(vault: Vault, row: TraceAppConfig) -> Fields:
    """The fields as they were entered. Raises `SecretUnreadable`."""
    secret = find_spec(row.tracing_provider).config.secret_fields()
    return {
        name: vault.open(value, _context(row.app_id, row.tracing_provider, name)) if name in secret else value
        for name, value in row.tracing_config.items()
    }


def hide(provider: str, fields: Fields) -> Fields:
    """The fields as they are shown: of secrets only the ends."""
    secret = find_spec(provider).config.secret_fields()
    return {name: hide_secret(value) if name in secret else value for name, value in fields.items()}


@dataclass(frozen=True, slots=True)
class Merged:
    """Fields to be saved, and whether a stored secret is among them."""

    fields: Fields
    keeps_secret: bool


def merge(provider: str, stored: Fields, given: Mapping[str, Any]) -> Merged:
    """What was entered over what is stored. A secret that is absent, empty or still hidden stays as it is."""
    hidden = hide(provider, stored)
    secret = find_spec(provider).config.secret_fields()
    new = {
        name: value
        for name, value in given.items()
        if name not in secret or (value not in ("", None) and value != hidden.get(name))
    }
    return Merged(stored | new, any(name in stored and name not in new for name in secret))


async def list_credentials(session: AsyncSession, workspace_id: str, vault: Vault | None) -> list[StoredCredential]:
    """What is stored of a workspace's apps; `vault` is the one it was sealed with, None when that cannot be opened."""
    return [
        StoredCredential(
            f"{row.tracing_provider} (tracing of {name})", _address(row), readable=_opened(vault, row) is not None
        )
        for row, name in await repository.list_trace_configs(session, workspace_id)
        if set(row.tracing_config).intersection(find_spec(row.tracing_provider).config.secret_fields())
    ]


async def reseal(session: AsyncSession, workspace_id: str, former: Vault | None, new: Vault) -> None:
    """Seal all secrets with `new`; those that `former` does not open are taken out. Everything else stays."""
    for row, _ in await repository.list_trace_configs(session, workspace_id):
        secret = find_spec(row.tracing_provider).config.secret_fields()
        opened = _opened(former, row) or {
            name: row.tracing_config[name] for name in row.tracing_config if name not in secret
        }
        row.tracing_config = {
            name: new.seal(value, _context(row.app_id, row.tracing_provider, name)) if name in secret else value
            for name, value in opened.items()
        }


def _opened(vault: Vault | None, row: TraceAppConfig) -> Fields | None:
    try:
        return None if vault is None else unseal(vault, row)
    except SecretUnreadable:
        return None


def _address(row: TraceAppConfig) -> str:
    return str(row.tracing_config.get(find_spec(row.tracing_provider).config.address_field, ""))


def _context(app_id: str, provider: str, name: str) -> str:
    return f"trace-config:{app_id}:{provider}:{name}"
