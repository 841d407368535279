"""`homeport reset-password`: let somebody in again."""

from __future__ import annotations

import asyncio

import click

from homeport.entry.cli import accepted

_EPILOG = """\b
Examples:
  homeport reset-password                              asks for everything, without showing the password
  homeport reset-password --email ada@example.org      asks for the password only

\b
A password given as an option can be read by others on this machine while the command runs.
"""


@click.command(epilog=_EPILOG)
@click.option("--email", prompt="Email of the account", callback=accepted.email, help="Email of the account.")
@click.option(
    "--new-password", prompt="New password", hide_input=True, help="At least 8 characters, letters and digits."
)
@click.option("--password-confirm", prompt="New password again", hide_input=True, help="The same once more.")
def command(email: str, new_password: str, password_confirm: str) -> None:
    """Give an account another password. All its sessions end; a lock after wrong passwords is lifted."""
    accepted.same(new_password, password_confirm, "passwords")
    from homeport.entry.data_dir import prepare
    from homeport.entry.open_database import open_database
    from homeport.entry.settings import read_settings
    from homeport.features.identity.passwords import Passwords
    from homeport.features.identity.reset_account import reset_password
    from homeport.runtime.ops.logs import configure_logs

    settings = read_settings()
    configure_logs(settings.logging)

    async def work() -> int:
        async with open_database(settings, prepare(settings.deployment.homeport_data_dir)) as database:
            return await reset_password(database, Passwords(), email, new_password)

    ended = asyncio.run(work())
    sessions = "1 session was" if ended == 1 else f"{ended} sessions were"
    click.echo(f"The password of {email} is changed; {sessions} ended.")
