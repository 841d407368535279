"""`homeport config check`: what is wrong with the configuration, all at once."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from homeport.entry.cli.config.sources import env_file_option, read

if TYPE_CHECKING:
    from homeport.entry.inspect_config.findings import Finding

_EPILOG = """\b
Examples:
  homeport config check                          the .env of this directory and the environment
  homeport config check --connect                also open the database, Redis, the broker and the stores
  homeport config check --env-file staging.env --strict --json

\b
Exit status: 0 all is well, 1 there is a problem; with --strict also when there is a warning.
"""
_MARKS = {"ok": ("ok", "green"), "warning": ("warning", "yellow"), "problem": ("PROBLEM", "red")}


@click.command(epilog=_EPILOG)
@env_file_option
@click.option("--connect", is_flag=True, help="Open each backend that is chosen, and ask it one harmless thing.")
@click.option(
    "--timeout", default=10.0, show_default=True, type=click.FloatRange(0.1, 600), help="Seconds per backend."
)
@click.option("--strict", is_flag=True, help="Let warnings fail the check, too.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
def command(env_file: Path | None, *, connect: bool, timeout: float, strict: bool, as_json: bool) -> None:
    """Say everything that is wrong with the configuration, or has no effect. Nothing is changed.

    Wrong values, backends that cannot be had, variables that are recognised but not built yet, misspelt names,
    secrets that everybody knows.
    """
    from homeport.entry.inspect_config.find_faults import find_faults

    sources, env = read(env_file)
    findings, settings = find_faults(sources, env)
    if connect and settings is not None:
        from homeport.entry.cli.config.connect import connect_all

        findings += asyncio.run(connect_all(settings, timeout))
    problems = sum(one.state == "problem" for one in findings)
    warnings = sum(one.state == "warning" for one in findings)
    accepted = not problems and not (strict and warnings)
    if as_json:
        answer = {"accepted": accepted, "findings": [asdict(one) for one in findings]}
        click.echo(json.dumps(answer, ensure_ascii=False, indent=2))
    else:
        for one in findings:
            _show(one)
        if connect and settings is None:
            click.echo("Nothing was opened: the settings must be accepted first.")
        click.echo(f"{_count(problems, 'problem').capitalize()}, {_count(warnings, 'warning')}.")
    sys.exit(0 if accepted else 1)


def _show(one: Finding) -> None:
    mark, color = _MARKS[one.state]
    click.secho(f"{mark:<9}", fg=color, nl=False)
    click.echo(one.sentence)


def _count(number: int, what: str) -> str:
    return f"{number or 'no'} {what}{'' if number == 1 else 's'}"
