"""`homeport upgrade-db`: the schema of this version."""

from __future__ import annotations

import asyncio

import click


@click.command()
def command() -> None:
    """Bring the database to this version's schema. One of several callers works, the others wait."""
    from homeport.entry.data_dir import prepare
    from homeport.entry.migrate import head, migrate_once
    from homeport.entry.settings import read_settings
    from homeport.runtime.ops.logs import configure_logs

    settings = read_settings()
    configure_logs(settings.logging)
    changed = asyncio.run(migrate_once(settings, prepare(settings.deployment.homeport_data_dir)))
    click.echo(f"The database {'is now' if changed else 'was already'} at revision {head()}.")
