"""`homeport reset-email`: another email for an account."""

from __future__ import annotations

import asyncio

import click

from homeport.entry.cli import accepted

_EPILOG = """\b
Examples:
  homeport reset-email
  homeport reset-email --email ada@example.org --new-email ada@example.net --email-confirm ada@example.net
"""


@click.command(epilog=_EPILOG)
@click.option("--email", prompt="Present email", callback=accepted.email, help="Present email of the account.")
@click.option("--new-email", prompt="New email", callback=accepted.email, help="Email to log in with from now on.")
@click.option("--email-confirm", prompt="New email again", callback=accepted.email, help="The same once more.")
def command(email: str, new_email: str, email_confirm: str) -> None:
    """Change the email of an account. Password and sessions stay."""
    accepted.same(new_email, email_confirm, "new emails")
    from homeport.entry.data_dir import prepare
    from homeport.entry.open_database import open_database
    from homeport.entry.settings import read_settings
    from homeport.features.identity.reset_account import reset_email
    from homeport.runtime.ops.logs import configure_logs

    settings = read_settings()
    configure_logs(settings.logging)

    async def work() -> None:
        async with open_database(settings, prepare(settings.deployment.homeport_data_dir)) as database:
            await reset_email(database, email, new_email)

    asyncio.run(work())
    click.echo(f"{email} logs in as {new_email} from now on.")
