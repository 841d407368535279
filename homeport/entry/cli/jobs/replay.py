"""`homeport jobs replay`: the dead letters."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from homeport.entry.cli.jobs.work import Desk, filter_options, with_states, work

if TYPE_CHECKING:
    from homeport.features.operate.jobs.find_jobs import JobFilter

_EPILOG = """\b
Examples:
  homeport jobs replay --dry-run
  homeport jobs replay --queue dataset --since 24h
  homeport jobs replay --error "does not answer" --yes
"""


@click.command(epilog=_EPILOG)
@filter_options
@click.option("--dry-run", is_flag=True, help="Only say how many it would be.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def command(*, wanted: JobFilter, dry_run: bool, yes: bool) -> None:
    """Do all failed jobs again that fit, each with all its attempts."""
    wanted = with_states(wanted, "failed")

    async def count(desk: Desk) -> int:
        from homeport.features.operate.jobs.change_jobs import count_jobs

        async with desk.database.read() as session:
            return await count_jobs(session, wanted)

    async def do(desk: Desk) -> int:
        from homeport.features.operate.jobs.change_jobs import replay

        total = 0
        while True:
            async with desk.database.begin() as session:
                queued = await replay(session, desk.dispatcher, wanted)
            total += queued
            if not queued:
                return total

    found = work(count)
    if dry_run or not found:
        click.echo(f"{found or 'No'} failed job{'' if found == 1 else 's'} fit.")
        return
    if not yes and not click.confirm(f"Do {found} failed job{'' if found == 1 else 's'} again?"):
        click.echo("Nothing was changed.")
        sys.exit(1)
    click.echo(f"{work(do)} queued again.")
