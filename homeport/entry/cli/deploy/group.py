"""The group `homeport deploy`."""

from __future__ import annotations

import click

from homeport.entry.cli.lazy import LazyGroup

#: Command name -> module of this folder, and its line in the overview.
COMMANDS = {
    "render": ("render", "Print Compose, Kubernetes or systemd files for a .env file."),
}

_EPILOG = """\b
Examples:
  homeport deploy render compose --output homeport
  homeport deploy render kubernetes --env-file production.env > homeport.yaml
  homeport deploy render systemd
"""


@click.group(name="deploy", cls=LazyGroup, folder="homeport.entry.cli.deploy", table=COMMANDS, epilog=_EPILOG)
def command() -> None:
    """Make deployment files. Nothing is deployed."""
