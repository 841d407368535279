"""`homeport jobs replay`: the dead letters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from homeport.entry.cli.jobs.work import Desk, change_many, filter_options, with_states

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

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
    after: str | None = None

    async def step(desk: Desk, session: AsyncSession) -> int:
        from homeport.features.operate.jobs.change_jobs import replay

        nonlocal after
        done = await replay(session, desk.dispatcher, wanted, after=after)
        after = done.last or after
        return done.count

    done = change_many(wanted, step, what="failed job", question="Do {} again?", dry_run=dry_run, yes=yes)
    click.echo(f"{done} queued again.")
