"""`homeport jobs list`: the newest jobs, with reasons."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from homeport.entry.cli.jobs.work import STATES, Desk, as_json, filter_options, how_long, with_states, work

if TYPE_CHECKING:
    from homeport.features.operate.jobs.find_jobs import JobFilter, JobItem

_EPILOG = """\b
Examples:
  homeport jobs list
  homeport jobs list --state failed --since 24h
  homeport jobs list --queue dataset --state queued --limit 200
  homeport jobs list --follow
  homeport jobs list --json --after ID
"""
_PAUSE_SECONDS = 2.0


@click.command(name="list", epilog=_EPILOG)
@filter_options
@click.option("--state", "states", multiple=True, type=click.Choice(STATES), help="In this state; may be repeated.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 200), help="How many.")
@click.option("--after", "before", help="Begin after the job with this id: the next page.")
@click.option("--follow", is_flag=True, help="Then print those that come, until Ctrl-C.")
@click.option("--json", "json_", is_flag=True, help="Print JSON instead of text.")
def command(
    *, wanted: JobFilter, states: tuple[str, ...], limit: int, before: str | None, follow: bool, json_: bool
) -> None:
    """List jobs, the newest first, with the reason why each stands where it stands."""
    wanted = with_states(wanted, *states)

    async def show(desk: Desk) -> None:
        from homeport.features.operate.jobs.find_jobs import list_jobs

        async with desk.database.read() as session:
            items, more = await list_jobs(session, wanted, limit=limit, before=before)
        _print(items, json_=json_, more=more)
        newest = items[0].id if items else ""
        while follow:
            await asyncio.sleep(_PAUSE_SECONDS)
            async with desk.database.read() as session:
                items, _ = await list_jobs(session, replace(wanted), limit=limit)
            fresh = [item for item in items if item.id > newest]
            if fresh:
                newest = fresh[0].id
                _print(fresh[::-1], json_=json_, more=False)

    try:
        work(show)
    except KeyboardInterrupt:
        click.echo()


def _print(items: list[JobItem], *, json_: bool, more: bool) -> None:
    if json_:
        click.echo(as_json({"data": items, "has_more": more}))
        return
    for item in items:
        click.secho(f"{item.id}  ", dim=True, nl=False)
        click.secho(f"{item.state:<10}", fg={"failed": "red", "running": "green"}.get(item.state), nl=False)
        click.echo(f"{item.task}  [{item.queue}]  {_age(item)}")
        if item.state != "succeeded":
            click.echo(f"{'':<38}{item.reason}")
    if not items:
        click.echo("No job fits.")
    if more:
        click.echo(f"There are more: --after {items[-1].id}")


def _age(item: JobItem) -> str:
    import datetime as dt

    return f"{how_long((dt.datetime.now(dt.UTC) - item.created_at).total_seconds())} ago"
