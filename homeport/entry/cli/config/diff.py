"""`homeport config diff`: against the defaults, or against another `.env` file."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from homeport.entry.cli.config.sources import env_file_option, read

if TYPE_CHECKING:
    from homeport.entry.inspect_config.compare import Difference

_EPILOG = """\b
Examples:
  homeport config diff                           what is set to something else than its default
  homeport config diff --against .env.before     what has changed since
  homeport config diff --env-file old.env        names that are unknown, renamed or read by nothing any more

\b
Exit status 0, whether there are differences or not.
"""


@click.command(epilog=_EPILOG)
@env_file_option
@click.option(
    "--against", type=click.Path(dir_okay=False, path_type=Path), help="Another .env file, in place of the defaults."
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list instead of text.")
def command(env_file: Path | None, against: Path | None, *, as_json: bool) -> None:
    """Print how the configuration differs. Secrets are masked.

    Variables are added, removed or changed; their names are unknown, renamed, or deprecated: nothing reads them.
    """
    from homeport.entry.inspect_config.compare import compare_with_defaults, compare_with_file
    from homeport.entry.inspect_config.env_file import read_env_file

    sources, env = read(env_file)
    found = (
        compare_with_defaults(sources, env)
        if against is None
        else compare_with_file(sources, env, read_env_file(against))
    )
    if as_json:
        click.echo(json.dumps([asdict(one) for one in found], ensure_ascii=False, indent=2))
        return
    for one in found:
        click.echo(f"{one.kind:<11}{_line(one)}")
    if not found:
        click.echo("There is no difference.")


def _line(one: Difference) -> str:
    if one.kind == "unknown":
        return one.name if one.instead is None else f"{one.name}: did you mean {one.instead}?"
    if one.kind == "renamed":
        return f"{one.name}: its name is {one.instead} now"
    if one.kind == "deprecated":
        return f"{one.name}: nothing reads it. {one.note}".rstrip()
    if one.kind == "removed":
        return f"{one.name}={one.before}"
    if one.before is None:
        return f"{one.name}={one.after}"
    return f"{one.name}={one.after} (was {one.before})" if one.before != one.after else f"{one.name}={one.after}"
