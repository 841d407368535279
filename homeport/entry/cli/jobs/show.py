"""`homeport jobs show`: one job."""

from __future__ import annotations

from dataclasses import asdict

import click

from homeport.entry.cli.jobs.work import Desk, as_json, work

_EPILOG = """\b
Examples:
  homeport jobs show 01936f2c-7d1e-7c3a-9d55-0a3f4b7c1e21
  homeport jobs show 01936f2c-7d1e-7c3a-9d55-0a3f4b7c1e21 --json
"""


@click.command(epilog=_EPILOG)
@click.argument("job_id", type=click.UUID)
@click.option("--json", "json_", is_flag=True, help="Print JSON instead of text.")
def command(job_id: object, *, json_: bool) -> None:
    """Show everything known of one job. Its payload is not shown: it may hold what users wrote."""

    async def show(desk: Desk) -> None:
        from homeport.features.operate.jobs.find_jobs import find_job

        async with desk.database.read() as session:
            item = await find_job(session, str(job_id))
        if json_:
            click.echo(as_json(item))
            return
        for name, value in asdict(item).items():
            click.echo(f"{name.replace('_', ' '):<15}{'' if value is None else value}")

    work(show)
