"""`homeport upgrade-db`: the schema of this version."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack

import click

_EPILOG = """\b
Examples:
  homeport upgrade-db                  before the processes of a fleet start
  DB_HOST=db DB_PASSWORD_FILE=/run/secrets/db homeport upgrade-db

\b
Exit status 0: the schema is that of this version. 1: it is not, and one sentence says why.
"""


@click.command(epilog=_EPILOG)
def command() -> None:
    """Bring the database to this version's schema. One of several callers works, the others wait."""
    from homeport.entry.data_dir import held, prepare
    from homeport.entry.migrate import head, migrate_once
    from homeport.entry.settings import read_settings
    from homeport.runtime.ops.logs import configure_logs

    settings = read_settings()
    configure_logs(settings.logging)
    data_dir = prepare(settings.deployment.homeport_data_dir)

    def waiting() -> None:
        click.echo("Another process migrates the database; waiting for it, ten minutes at most.", err=True)

    with ExitStack() as stack:
        if settings.database.kind == "sqlite":
            stack.enter_context(held(data_dir, "homeport upgrade-db"))
        changed = asyncio.run(migrate_once(settings, data_dir, waiting=waiting))
    click.echo(f"The database {'is now' if changed else 'was already'} at revision {head()}.")
