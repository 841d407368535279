"""`homeport clean-expired-messages`: remove messages of a time, and the conversations that become empty by that."""

from __future__ import annotations

import asyncio
import datetime as dt
import sys
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from homeport.runtime.db.database import Database

_FORMATS = ("%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S")
_EPILOG = """\b
Examples:
  homeport clean-expired-messages --start-from 2024-01-01 --end-before 2025-01-01 --dry-run
  homeport clean-expired-messages --start-from 2024-01-01 --end-before 2025-01-01
  homeport clean-expired-messages --start-from 2024-01-01 --end-before 2024-01-01T12:00:00 --yes
"""


@click.command(epilog=_EPILOG)
@click.option("--start-from", required=True, type=click.DateTime(_FORMATS), help="Messages from this time on, in UTC.")
@click.option("--end-before", required=True, type=click.DateTime(_FORMATS), help="Messages before this time, in UTC.")
@click.option(
    "--batch-size",
    default=1000,
    show_default=True,
    type=click.IntRange(min=1),
    help="Messages deleted in one transaction; 5000 at the most.",
)
@click.option(
    "--graceful-period",
    default=21,
    show_default=True,
    type=click.IntRange(min=0),
    help="Changes nothing: there are no plans whose end would be waited for.",
)
@click.option("--dry-run", is_flag=True, help="Only say how many it would be.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def command(
    start_from: dt.datetime,
    end_before: dt.datetime,
    batch_size: int,
    graceful_period: int,  # noqa: ARG001 - scripts give it
    *,
    dry_run: bool,
    yes: bool,
) -> None:
    """Delete the messages of a time, with their ratings, in every workspace. Nothing brings them back.

    Conversations that have become empty and were last used in that time go, too. The server may run meanwhile.
    """
    since, before = start_from.replace(tzinfo=dt.UTC), end_before.replace(tzinfo=dt.UTC)
    if since >= before:
        raise click.UsageError(f"--start-from ({start_from}) must lie before --end-before ({end_before}).")
    found = asyncio.run(_count(since, before))
    these = f"{found or 'No'} message{'' if found == 1 else 's'}"
    if dry_run:
        click.echo(f"{these} would be deleted.")
        return
    if found and not yes and not click.confirm(f"Delete {these} for good?"):
        click.echo("Nothing was deleted.")
        sys.exit(1)
    click.echo(f"{asyncio.run(_clean(since, before, batch_size)) or 'No'} messages deleted.")


async def _count(since: dt.datetime, before: dt.datetime) -> int:
    from homeport.features.chat.repository import count_asked

    async with _database() as database, database.read() as session:
        return await count_asked(session, since, before)


async def _clean(since: dt.datetime, before: dt.datetime, page: int) -> int:
    from homeport.features.chat.clean_messages import clean_messages

    removed = 0
    async with _database() as database:
        async for count in clean_messages(database, since=since, before=before, page=page):
            removed += count
            if count and sys.stderr.isatty():
                click.echo(f"\r{removed} deleted", nl=False, err=True)
    if sys.stderr.isatty():
        click.echo("\r\033[K", nl=False, err=True)
    return removed


def _database() -> AbstractAsyncContextManager[Database]:
    from homeport.entry.data_dir import prepare
    from homeport.entry.open_database import open_database
    from homeport.entry.settings import read_settings
    from homeport.runtime.ops.logs import configure_logs

    settings = read_settings()
    configure_logs(settings.logging)
    return open_database(settings, prepare(settings.deployment.homeport_data_dir))
