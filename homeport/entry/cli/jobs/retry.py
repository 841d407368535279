"""`homeport jobs retry`: some jobs again."""

from __future__ import annotations

import click

from homeport.entry.cli.jobs.work import Desk, work

_EPILOG = """\b
Examples:
  homeport jobs retry 01936f2c-7d1e-7c3a-9d55-0a3f4b7c1e21
"""


@click.command(epilog=_EPILOG)
@click.argument("job_ids", nargs=-1, required=True, type=click.UUID)
def command(job_ids: tuple[object, ...]) -> None:
    """Do these jobs again at once: failed and cancelled ones, and those that wait for another attempt."""

    async def do(desk: Desk) -> int:
        from homeport.features.operate.jobs.change_jobs import replay
        from homeport.features.operate.jobs.find_jobs import JobFilter, find_job

        ids = tuple(str(job_id) for job_id in job_ids)
        async with desk.database.begin() as session:
            for job_id in ids:
                await find_job(session, job_id)
            return (await replay(session, desk.dispatcher, JobFilter(ids=ids))).count

    queued = work(do)
    left = len(set(job_ids)) - queued
    click.echo(
        f"{queued} queued again." + (f" {left} left as they are: they wait already, run, or are done." if left else "")
    )
