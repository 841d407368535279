"""`homeport doctor`: real work on everything this installation depends on."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from homeport.entry.settings import Settings
    from homeport.features.operate.doctor.findings import Finding

_EPILOG = """\b
Examples:
  homeport doctor
  homeport doctor --only storage --only vectors
  homeport doctor --json

\b
Exit status: 0 all is well (warnings and skipped checks included), 1 a problem was found.
"""
_MARKS = {"ok": ("ok", "green"), "warning": ("warning", "yellow"), "problem": ("PROBLEM", "red"), "skipped": ("-", "")}


@click.command(epilog=_EPILOG)
@click.option("--only", multiple=True, metavar="CHECK", help="Run this check alone; may be repeated.")
@click.option("--timeout", default=30.0, show_default=True, type=click.FloatRange(1, 600), help="Seconds per check.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
def command(only: tuple[str, ...], timeout: float, as_json: bool) -> None:
    """Do real work on each part and say what is wrong, why, and what to do.

    A blob and two vectors are written and removed, a job goes through each queue, the mail service is greeted.
    """
    from homeport.entry.settings import read_settings
    from homeport.runtime.ops.logs import configure_logs

    settings = read_settings()
    quiet = {} if "log_level" in settings.logging.model_fields_set else {"log_level": "CRITICAL"}
    configure_logs(settings.logging.model_copy(update=quiet))
    findings = asyncio.run(_examine(settings, only, timeout, show=not as_json))
    problems = sum(finding.state == "problem" for finding in findings)
    if as_json:
        answer = {"healthy": not problems, "findings": [asdict(finding) for finding in findings]}
        click.echo(json.dumps(answer, ensure_ascii=False, indent=2))
    else:
        warnings = sum(finding.state == "warning" for finding in findings)
        click.echo(f"\n{_count(problems, 'problem')}, {_count(warnings, 'warning')}.")
    sys.exit(1 if problems else 0)


async def _examine(settings: Settings, only: Sequence[str], seconds: float, *, show: bool) -> list[Finding]:
    from homeport.entry.data_dir import prepare
    from homeport.entry.doctor import open_checks
    from homeport.features.operate.doctor.findings import run_checks

    findings = []
    async with open_checks(settings, prepare(settings.deployment.homeport_data_dir), seconds / 2) as checks:
        unknown = [name for name in only if name not in checks]
        if unknown:
            raise click.UsageError(f"There is no check {unknown[0]!r}; accepted are {', '.join(checks)}.")
        chosen = {name: check for name, check in checks.items() if not only or name in only}
        async for finding in run_checks(chosen, seconds):
            findings.append(finding)
            if show:
                _show(finding)
    return findings


def _show(finding: Finding) -> None:
    mark, color = _MARKS[finding.state]
    click.echo(f"{finding.check:<12}", nl=False)
    click.secho(f"{mark:<9}", fg=color or None, nl=False)
    click.echo(finding.said)
    for label, text in (("why", finding.cause), ("do", finding.fix)):
        if text:
            click.echo(f"{'':<12}{label:<9}{text}")


def _count(number: int, what: str) -> str:
    return f"{number or 'no'} {what}{'' if number == 1 else 's'}"
