"""`homeport jobs cancel`: jobs that wait or run."""

from __future__ import annotations

import dataclasses
import sys
from typing import TYPE_CHECKING

import click

from homeport.entry.cli.jobs.work import Desk, filter_options, with_states, work

if TYPE_CHECKING:
    from homeport.features.operate.jobs.find_jobs import JobFilter

_EPILOG = """\b
Examples:
  homeport jobs cancel 01936f2c-7d1e-7c3a-9d55-0a3f4b7c1e21
  homeport jobs cancel --queue dataset --workspace 01936f2c-7d1e-7c3a-9d55-0a3f4b7c1e21
  homeport jobs cancel --queue mail --dry-run
"""


@click.command(epilog=_EPILOG)
@click.argument("job_ids", nargs=-1, type=click.UUID)
@filter_options
@click.option("--dry-run", is_flag=True, help="Only say how many it would be.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def command(*, job_ids: tuple[object, ...], wanted: JobFilter, dry_run: bool, yes: bool) -> None:
    """Cancel jobs: waiting ones at once, running ones at their next pause. Name them, or choose by options."""
    wanted = dataclasses.replace(wanted, ids=tuple(str(job_id) for job_id in job_ids))
    if not wanted.conditions():
        raise click.UsageError("This would cancel every job; name jobs by id, or choose with --queue and the like.")
    wanted = with_states(wanted, "queued", "running")

    async def count(desk: Desk) -> int:
        from homeport.features.operate.jobs.change_jobs import count_jobs

        async with desk.database.read() as session:
            return await count_jobs(session, wanted)

    async def do(desk: Desk) -> int:
        from homeport.features.operate.jobs.change_jobs import cancel

        total = 0
        while True:
            async with desk.database.begin() as session:
                cancelled = await cancel(session, desk.jobs, wanted)
            total += cancelled
            if not cancelled:
                return total

    found = work(count)
    if dry_run or not found:
        click.echo(f"{found or 'No'} unfinished job{'' if found == 1 else 's'} fit.")
        return
    if not yes and not click.confirm(f"Cancel {found} job{'' if found == 1 else 's'}?"):
        click.echo("Nothing was changed.")
        sys.exit(1)
    click.echo(f"{work(do)} cancelled, or asked to stop.")
