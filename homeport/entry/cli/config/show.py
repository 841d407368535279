"""`homeport config show`: every value, and where it comes from."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from homeport.entry.cli.config.sources import env_file_option, read

if TYPE_CHECKING:
    from homeport.entry.inspect_config.list_values import Setting

_EPILOG = """\b
Examples:
  homeport config show                 what is set to something else than its default
  homeport config show db              the same, of names with "db" in them
  homeport config show redis --all     with defaults
  homeport config show --json
"""
_STATUS = {"not_built": "not built", "elsewhere": "read by another program", "dead": "read by nothing"}


@click.command(epilog=_EPILOG)
@click.argument("part", default="")
@env_file_option
@click.option(
    "--all/--changed", "all_", default=False, help="Defaults too, or only what is changed  [default: changed]"
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list instead of text.")
def command(part: str, env_file: Path | None, *, all_: bool, as_json: bool) -> None:
    """Print each setting's name, value and origin. Secrets are masked."""
    from homeport.entry.inspect_config.list_values import list_values

    sources, _ = read(env_file)
    wanted = part.upper().replace("-", "_")
    found = [one for one in list_values(sources) if wanted in one.name and (all_ or not one.default)]
    if as_json:
        click.echo(json.dumps([asdict(one) for one in found], ensure_ascii=False, indent=2))
        return
    width = min(45, max((len(one.name) for one in found), default=0))
    for one in found:
        click.echo(f"{one.name:<{width}}  {one.value}  {click.style(f'({_remarks(one)})', dim=True)}")
    if not found:
        of_these = f' of the settings with "{wanted}" in their names' if part else ""
        click.echo(f"None{of_these} is changed; see the defaults with --all." if not all_ else "There is none.")


def _remarks(one: Setting) -> str:
    parts = [one.origin]
    if one.default and one.origin != "default":
        parts.append("the default")
    if one.status in _STATUS:
        parts.append(_STATUS[one.status])
    return ", ".join(parts)
