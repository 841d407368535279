"""`homeport downgrade-db`: back to the schema of an earlier version."""

from __future__ import annotations

import asyncio
import json
from contextlib import ExitStack
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from homeport.entry.downgrade import Plan

_EPILOG = """\b
Examples:
  homeport downgrade-db --dry-run      what one step back would lose
  homeport downgrade-db                one step back, after a question
  homeport downgrade-db 0001 --yes     to this revision, without a question
  homeport downgrade-db base           remove every table

\b
Stop every process first, make a backup, and start the older version afterwards: this one upgrades again when it starts.
"""


@click.command(epilog=_EPILOG)
@click.argument("revision", required=False)
@click.option("--dry-run", is_flag=True, help="Say what would be lost, and change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
def command(revision: str | None, *, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Take the database back to REVISION, or one step. Data that the older schema has no place for is lost."""
    if as_json and not (dry_run or yes):
        raise click.UsageError("--json asks no questions; it needs --yes or --dry-run.")
    from homeport.entry.data_dir import held, prepare
    from homeport.entry.settings import read_settings
    from homeport.runtime.db.database import Database
    from homeport.runtime.ops.logs import configure_logs

    settings = read_settings()
    configure_logs(settings.logging)
    data_dir = prepare(settings.deployment.homeport_data_dir)

    async def work() -> None:
        from homeport.entry.downgrade import downgrade, plan_downgrade

        database = Database(settings.database.url(data_dir), settings.database)
        try:
            plan = await plan_downgrade(database, revision)
            if not as_json:
                _show(plan)
            if not dry_run:
                if not yes:
                    click.confirm(f"Go back to {plan.after} and lose this?", abort=True, err=True)
                await downgrade(database, plan)
            _conclude(plan, dry_run=dry_run, as_json=as_json)
        finally:
            await database.close()

    with ExitStack() as stack:
        if settings.database.kind == "sqlite":
            stack.enter_context(held(data_dir, "homeport downgrade-db"))
        asyncio.run(work())


def _show(plan: Plan) -> None:
    click.echo(f"The database has revision {plan.before}. Taken back: {', '.join(plan.revisions)}.")
    if not plan.losses:
        click.echo("No table and no column is removed.")
        return
    click.echo("Lost for good:")
    for loss in plan.losses:
        click.echo(f"  {loss}")


def _conclude(plan: Plan, *, dry_run: bool, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({**asdict(plan), "done": not dry_run}, indent=2))
    elif dry_run:
        click.echo("Nothing was changed.")
    else:
        click.echo(f"The database is now at revision {plan.after}. Start the version that belongs to it.")
