"""`homeport openapi`: the API descriptions, from the code."""

from __future__ import annotations

import json

import click


@click.command()
@click.option("--console", is_flag=True, help="The console's own API instead of the Service API.")
def command(*, console: bool) -> None:
    """Print an OpenAPI document as JSON."""
    from homeport.entry.api import console_api, service_api

    app = console_api() if console else service_api()
    click.echo(json.dumps(app.openapi(), indent=2, sort_keys=True, ensure_ascii=False))
