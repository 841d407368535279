"""`homeport vdb-migrate`: move embeddings to another vector store; not built yet, and it says so."""

from __future__ import annotations

import sys

import click

_SCOPES = ("knowledge", "annotation", "all")


@click.command()
@click.option(
    "--scope",
    type=click.Choice(_SCOPES),
    default="all",
    show_default=True,
    help="What is moved: documents, annotations.",
)
def command(scope: str) -> None:
    """Move what is indexed to the store that VECTOR_STORE names. This version cannot do it yet."""
    from homeport.backends.vectors.registry import choose
    from homeport.entry.settings import read_settings

    settings = read_settings()
    _, store = choose(settings.vectors)
    click.secho(
        f"Moving {'everything' if scope == 'all' else scope} to the vector store {store.name} is not built yet; "
        "nothing was changed.",
        err=True,
        fg="red",
    )
    click.echo("Leave VECTOR_STORE as it was, or add the documents again in the other store.", err=True)
    sys.exit(1)
