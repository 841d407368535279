"""`homeport up`: everything in one process."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from homeport.entry.wiring import House

_EPILOG = """\b
Examples:
  homeport up
  homeport up --host 0.0.0.0 --port 8080
  homeport up --data-dir ~/homeport-data
"""


@click.command(epilog=_EPILOG)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=5001, show_default=True, type=click.IntRange(0, 65535), help="Port to listen on.")
@click.option("--data-dir", type=click.Path(path_type=Path), help="Where everything is kept  [default: data]")
def command(host: str, port: int, data_dir: Path | None) -> None:
    """Run everything in one process, on embedded defaults: no database server, no broker, no model needed."""
    if data_dir is not None:
        os.environ["HOMEPORT_DATA_DIR"] = str(data_dir)
    from homeport.entry.published_secrets import warn_of_published
    from homeport.entry.settings import read_settings
    from homeport.entry.standalone import run_standalone
    from homeport.runtime.ops.logs import configure_logs

    settings = read_settings()
    configure_logs(settings.logging)
    _keep_start_quiet()
    warn_of_published()

    def announce(address: str, house: House) -> None:
        right = house.key.vault.refusal is None
        click.echo(
            f"Homeport is ready: {address}" if right else f"Homeport runs, but is not ready: {address}/health/ready"
        )
        click.echo(f"Data directory:    {house.data_dir}")
        if house.key.key.made_in is not None:
            click.echo(f"Secret key:        made in {house.key.key.made_in}; back it up with the rest")
        click.echo("Stop with Ctrl-C.")

    run_standalone(settings, host, port, announce)
    click.echo("Homeport has stopped.")


def _keep_start_quiet() -> None:
    """On a terminal these lines are enough; in a fleet, where logs are collected, the rest is of use."""
    least = logging.getLogger().level
    for name in ("uvicorn", "uvicorn.error", "alembic", "homeport.entry.migrate", "homeport.entry.settle_key"):
        logging.getLogger(name).setLevel(max(logging.WARNING, least) if least != logging.DEBUG else logging.DEBUG)
