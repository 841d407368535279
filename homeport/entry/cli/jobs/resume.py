"""`homeport jobs resume`: let a queue go on."""

from __future__ import annotations

import click

from homeport.entry.cli.jobs.work import Desk, work

_EPILOG = """\b
Examples:
  homeport jobs resume mail
"""


@click.command(epilog=_EPILOG)
@click.argument("queues", nargs=-1, required=True)
def command(queues: tuple[str, ...]) -> None:
    """Let paused queues go on."""

    async def do(desk: Desk) -> None:
        from homeport.features.operate.jobs.switch_queue import resume

        async with desk.database.begin() as session:
            for queue in queues:
                await resume(session, desk.dispatcher, queue)

    work(do)
    click.echo(f"Goes on: {', '.join(queues)}.")
