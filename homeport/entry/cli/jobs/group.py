"""The group `homeport jobs`."""

from __future__ import annotations

import click

from homeport.entry.cli.lazy import LazyGroup

#: Command name -> module of this folder, and its line in the overview.
COMMANDS = {
    "stats": ("stats", "Queues and workers at one glance."),
    "list": ("list_", "The newest jobs, and why each stands where it stands."),
    "show": ("show", "Everything known of one job."),
    "retry": ("retry", "Do failed or waiting jobs again at once."),
    "replay": ("replay", "Do all failed jobs again that fit a filter."),
    "cancel": ("cancel", "Cancel jobs that wait or run."),
    "pause": ("pause", "Let no worker take jobs of a queue."),
    "resume": ("resume", "Let a paused queue go on."),
    "limit": ("limit", "Set how many jobs of a queue run at once or in a minute."),
}

_EPILOG = """\b
Examples:
  homeport jobs stats --follow         watch the queues
  homeport jobs list --state failed    what has failed, and why
  homeport jobs replay --queue dataset do all failed jobs of a queue again
  homeport jobs pause mail             keep mail back for a while
"""


@click.group(name="jobs", cls=LazyGroup, folder="homeport.entry.cli.jobs", table=COMMANDS, epilog=_EPILOG)
def command() -> None:
    """See background jobs and do something about them, on the database that the settings name."""
