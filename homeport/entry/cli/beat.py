"""`homeport beat status`: the timetable, and who keeps it."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from datetime import datetime

    from homeport.entry.awaited import Awaited
    from homeport.entry.settings import Settings
    from homeport.runtime.tasks.duty import DutyState
    from homeport.runtime.tasks.timetable import EntryState

_EPILOG = """\b
Examples:
  homeport beat status
  homeport beat status --json
"""


@dataclass(frozen=True, slots=True)
class _Found:
    """What the database says."""

    entries: list[EntryState]
    duty: DutyState | None
    #: Whether the beat on duty has given a sign of life lately.
    alive: bool
    #: Processes that do their own jobs, and keep the timetable beside them.
    keepers: list[str]
    now: datetime


@click.group(epilog=_EPILOG)
def command() -> None:
    """See what happens by the clock."""


@command.command(epilog=_EPILOG)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object instead of text.")
def status(*, as_json: bool) -> None:
    """Show who keeps the timetable, and each entry: how often, when last, when next."""
    from pathlib import Path

    from homeport.entry.awaited import awaited
    from homeport.entry.settings import read_settings
    from homeport.runtime.config.sources import Sources

    sources = Sources(env_file=Path(".env"))
    settings = read_settings(sources)
    found, waiting = asyncio.run(_read(settings)), awaited(settings, sources)
    if as_json:
        click.echo(json.dumps(_as_json(found, waiting), indent=2))
        return
    click.echo(f"{_who(found)}\n")
    for one in found.entries:
        last = f"last {_time(one.last_due_at)} UTC" if one.last_due_at else "last never"
        following = f"next {_time(one.next_due_at)} UTC" if one.entry.enabled else "switched off"
        click.echo(f"{one.entry.name:<30}{one.entry.schedule!s:<22}  {last:<27}  {following}")
    click.echo("\nNot built yet:")
    for late in waiting:
        state = f"waits for {late.waits_for}" + ("" if late.enabled else f"; switched off by {late.switch}")
        click.echo(f"{late.name:<30}{late.schedule!s:<22}  {state}")


async def _read(settings: Settings) -> _Found:
    from homeport.entry.data_dir import prepare
    from homeport.entry.open_database import open_database
    from homeport.entry.timetable import entries
    from homeport.runtime.db.clock import database_now
    from homeport.runtime.tasks.dispatchers.local import LocalDispatcher
    from homeport.runtime.tasks.duty import BEAT, SILENCE, read_duty
    from homeport.runtime.tasks.jobs import Jobs
    from homeport.runtime.tasks.presence import is_alive, list_workers
    from homeport.runtime.tasks.timetable import Timetable

    async with open_database(settings, prepare(settings.deployment.homeport_data_dir)) as database:
        states = await Timetable(database, Jobs(LocalDispatcher()), entries(settings)).states()
        async with database.read() as session:
            duty = await read_duty(session, BEAT)
            workers = await list_workers(session)
            now = database_now(session)
    keepers = [one.name for one in workers if one.kind != "worker" and is_alive(one, now)]
    alive = duty is not None and duty.holder is not None and now - duty.seen_at < SILENCE
    return _Found(states, duty, alive, keepers, now)


def _who(found: _Found) -> str:
    if found.keepers:
        return f"Kept by {', '.join(found.keepers)}, beside other work."
    duty = found.duty
    if duty is None or duty.holder is None or duty.since is None:
        return "Nobody keeps the timetable: start MODE=beat, or a process that does its own jobs."
    ago = f"{max((found.now - duty.seen_at).total_seconds(), 0):.0f} s ago"
    if not found.alive:
        return f"Nobody keeps the timetable: {duty.holder} was on duty and gave its last sign of life {ago}."
    return f"On duty: {duty.holder}, since {_time(duty.since)} UTC; its last sign of life was {ago}."


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"


def _as_json(found: _Found, waiting: tuple[Awaited, ...]) -> dict[str, Any]:
    duty = found.duty
    holder = None if duty is None else duty.holder
    return {
        "on_duty": None
        if duty is None or holder is None
        else {
            "holder": holder,
            "since": duty.since.isoformat() if duty.since else None,
            "seen_at": duty.seen_at.isoformat(),
            "alive": found.alive,
        },
        "kept_by": found.keepers,
        "entries": [_entry(one) for one in found.entries],
        "not_built": [
            {
                "name": late.name,
                "queue": str(late.queue),
                "schedule": str(late.schedule),
                "switch": late.switch,
                "enabled": late.enabled,
                "waits_for": late.waits_for,
            }
            for late in waiting
        ],
    }


def _entry(one: EntryState) -> dict[str, object]:
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
