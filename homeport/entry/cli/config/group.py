"""The group `homeport config`."""

from __future__ import annotations

import click

from homeport.entry.cli.lazy import LazyGroup

#: Command name -> module of this folder, and its line in the overview.
COMMANDS = {
    "reference": ("reference", "Print the page of all settings, or an example .env file."),
}

_EPILOG = """\b
Examples:
  homeport config reference            every setting that is known, as a page
  homeport config reference --env      an example .env file with every default
"""


@click.group(name="config", cls=LazyGroup, folder="homeport.entry.cli.config", table=COMMANDS, epilog=_EPILOG)
def command() -> None:
    """Look at the configuration. Nothing is changed."""
