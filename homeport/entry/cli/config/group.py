"""The group `homeport config`."""

from __future__ import annotations

import click

from homeport.entry.cli.lazy import LazyGroup

#: Command name -> module of this folder, and its line in the overview.
COMMANDS = {
    "check": ("check", "Say what is wrong, or has no effect; with --connect open every backend."),
    "show": ("show", "Print each setting's value and where it comes from."),
    "diff": ("diff", "Compare with the defaults, or with another .env file."),
    "reference": ("reference", "Print the page of all settings, or an example .env file."),
}

_EPILOG = """\b
Examples:
  homeport config check                what is wrong, all at once
  homeport config show                 what is changed, and where
  homeport config diff --against old.env
  homeport config reference            every setting that is known, as a page
  homeport config reference --env      an example .env file with every default
"""


@click.group(name="config", cls=LazyGroup, folder="homeport.entry.cli.config", table=COMMANDS, epilog=_EPILOG)
def command() -> None:
    """Look at the configuration. Nothing is changed."""
