"""`homeport jobs cancel`: jobs that wait or run."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import click

from homeport.entry.cli.jobs.work import Desk, change_many, filter_options, with_states

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

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

    async def step(desk: Desk, session: AsyncSession) -> int:
        from homeport.features.operate.jobs.change_jobs import cancel

        return await cancel(session, desk.jobs, wanted)

    done = change_many(wanted, step, what="unfinished job", question="Cancel {}?", dry_run=dry_run, yes=yes)
    click.echo(f"{done} cancelled, or asked to stop.")
