"""`homeport jobs pause`: keep a queue back."""

from __future__ import annotations

import getpass

import click

from homeport.entry.cli.jobs.work import Desk, work

_EPILOG = """\b
Examples:
  homeport jobs pause mail
  homeport jobs pause dataset priority_dataset --by "Ada, until the vector store is moved"
"""


@click.command(epilog=_EPILOG)
@click.argument("queues", nargs=-1, required=True)
@click.option("--by", help="Who and why, shown with everything that waits  [default: your user name]")
def command(queues: tuple[str, ...], by: str | None) -> None:
    """Let no worker take jobs of these queues. Those that run go on; new ones wait."""

    async def do(desk: Desk) -> None:
        from homeport.features.operate.jobs.switch_queue import pause

        async with desk.database.begin() as session:
            for queue in queues:
                await pause(session, queue, (by or getpass.getuser())[:255])

    work(do)
    click.echo(f"Paused: {', '.join(queues)}.")
