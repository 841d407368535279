"""`homeport jobs limit`: how much of a queue runs."""

from __future__ import annotations

import click

from homeport.entry.cli.jobs.work import Desk, work

_EPILOG = """\b
Examples:
  homeport jobs limit dataset --at-once 20 --per-workspace 2
  homeport jobs limit mail --per-minute 100
  homeport jobs limit mail --per-minute 0      no limit any more
"""
_NUMBER = click.IntRange(0, 1_000_000)


@click.command(epilog=_EPILOG)
@click.argument("queue")
@click.option("--at-once", type=_NUMBER, help="Jobs that run at the same time, over all workers; 0: no limit.")
@click.option("--per-workspace", type=_NUMBER, help="The same for the jobs of one workspace; 0: no limit.")
@click.option("--per-minute", type=_NUMBER, help="Jobs that begin within a minute; 0: no limit.")
def command(queue: str, at_once: int | None, per_workspace: int | None, per_minute: int | None) -> None:
    """Set limits of a queue over the whole installation. What is not named stays as it is."""
    given = {"at_once": at_once, "per_workspace": per_workspace, "per_minute": per_minute}
    limits = {name: value or None for name, value in given.items() if value is not None}
    if not limits:
        raise click.UsageError("Name a limit: --at-once, --per-workspace or --per-minute.")

    async def do(desk: Desk) -> None:
        from homeport.features.operate.jobs.switch_queue import set_limits

        async with desk.database.begin() as session:
            await set_limits(session, desk.dispatcher, desk.jobs, queue, limits)

    work(do)
    said = ", ".join(f"{name.replace('_', ' ')}: {value or 'no limit'}" for name, value in limits.items())
    click.echo(f"{queue}: {said}.")
