"""`homeport beat status`: the timetable."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from homeport.runtime.tasks.timetable import EntryState

_EPILOG = """\b
Examples:
  homeport beat status
  homeport beat status --json
"""


@click.group(epilog=_EPILOG)
def command() -> None:
    """See what happens by the clock."""


@command.command(epilog=_EPILOG)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list instead of text.")
def status(*, as_json: bool) -> None:
    """Show each entry of the timetable: how often, when last, when next."""
    from homeport.entry.data_dir import prepare
    from homeport.entry.open_database import open_database
    from homeport.entry.settings import read_settings
    from homeport.entry.timetable import entries
    from homeport.runtime.tasks.dispatchers.local import LocalDispatcher
    from homeport.runtime.tasks.jobs import Jobs
    from homeport.runtime.tasks.timetable import Timetable

    settings = read_settings()

    async def read() -> list[EntryState]:
        async with open_database(settings, prepare(settings.deployment.homeport_data_dir)) as database:
            return await Timetable(database, Jobs(LocalDispatcher()), entries(settings)).states()

    found = asyncio.run(read())
    if as_json:
        click.echo(json.dumps([_as_json(one) for one in found], indent=2))
        return
    for one in found:
        last = f"{one.last_due_at:%Y-%m-%d %H:%M} UTC" if one.last_due_at else "never"
        following = f"{one.next_due_at:%Y-%m-%d %H:%M} UTC" if one.entry.enabled else "switched off"
        click.echo(f"{one.entry.name:<24}{one.entry.schedule!s:<20}  last {last:<22}  next {following}")


def _as_json(one: EntryState) -> dict[str, object]:
    return {
        "name": one.entry.name,
        "task": one.entry.task.name,
        "queue": str(one.entry.task.queue),
        "schedule": str(one.entry.schedule),
        "enabled": one.entry.enabled,
        "missed": one.entry.missed,
        "last_due_at": one.last_due_at.isoformat() if one.last_due_at else None,
        "last_job_id": one.last_job_id,
        "next_due_at": one.next_due_at.isoformat() if one.entry.enabled else None,
    }
