"""`homeport create-tenant`: a workspace with an owner."""

from __future__ import annotations

import asyncio
import json

import click

from homeport.entry.cli import accepted

_EPILOG = """\b
Examples:
  homeport create-tenant --email ada@example.org
  homeport create-tenant --email ada@example.org --name "Research" --language fr-FR
  homeport create-tenant --email ada@example.org --json
"""


@click.command(epilog=_EPILOG)
@click.option(
    "--email", prompt="Email of the owner", callback=accepted.email, help="Email of the owner, a new account."
)
@click.option("--name", help="Name of the workspace  [default: after the owner]")
@click.option(
    "--language",
    default="en-US",
    show_default=True,
    callback=accepted.language,
    help="Language of the owner's console.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
def command(email: str, name: str | None, language: str, *, as_json: bool) -> None:
    """Create a workspace and the account that owns it. Its password is made, and shown this once."""
    owner = email.partition("@")[0]
    workspace = f"{owner}'s Workspace" if name is None else name.strip()
    if not workspace or len(workspace) > 255 or not workspace.isprintable():
        raise click.UsageError("--name is one line of 1 to 255 characters.")
    from homeport.entry.data_dir import prepare
    from homeport.entry.open_database import open_database
    from homeport.entry.settings import read_settings
    from homeport.entry.settle_key import settle_key
    from homeport.features.identity.create_workspace import NewOwner, create_workspace
    from homeport.features.identity.room import IdentityRoom
    from homeport.features.identity.tokens import new_password
    from homeport.runtime.ops.logs import configure_logs

    settings = read_settings()
    configure_logs(settings.logging)
    password = new_password()

    async def work() -> str:
        data_dir = prepare(settings.deployment.homeport_data_dir)
        async with open_database(settings, data_dir) as database:
            vault = (await settle_key(settings, data_dir, database)).vault
            room = IdentityRoom(database, settings.identity, vault)
            return await create_workspace(room, NewOwner(email, owner[:60], password, language), workspace)

    made = asyncio.run(work())
    if as_json:
        click.echo(
            json.dumps({"workspace_id": made, "workspace": workspace, "email": email, "password": password}, indent=2)
        )
        return
    click.echo(f"Workspace: {workspace} ({made})")
    click.echo(f"Owner:     {email}")
    click.echo(f"Password:  {password}  (shown only now)")
