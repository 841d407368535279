"""`homeport config reference`: all settings, from the code."""

from __future__ import annotations

import sys
from pathlib import Path

import click

_EPILOG = """\b
Examples:
  homeport config reference                every setting that is known, as a page
  homeport config reference --env > .env   start a .env file with every default
  homeport config reference --write        in a checkout: after a setting has changed
"""


@click.command(epilog=_EPILOG)
@click.option("--env", is_flag=True, help="An example .env file instead of the page.")
@click.option("--check", is_flag=True, help="Print nothing; exit with status 1 when the files of a checkout differ.")
@click.option("--write", is_flag=True, help="Print nothing; write docs/reference/settings.md and deploy/.env.example.")
def command(*, env: bool, check: bool, write: bool) -> None:
    """Print every setting that is known: name, type, default, what is accepted, what it does, and whether it works."""
    from homeport.entry.print_reference import env_example, settings_page, written_files

    if write:
        for file, text in written_files().items():
            Path(file).write_text(text, encoding="utf-8")
    elif check:
        files = [file for file, text in written_files().items() if not _holds(Path(file), text)]
        if files:
            click.secho(f"Out of date: {', '.join(files)}.", err=True, fg="red")
            click.echo("Write them again: homeport config reference --write", err=True)
            sys.exit(1)
    else:
        click.echo(env_example() if env else settings_page(), nl=False)


def _holds(file: Path, text: str) -> bool:
    return file.is_file() and file.read_text(encoding="utf-8") == text
