"""The `homeport` command. A command's module is loaded when the command is used, so `--help` is quick."""

from __future__ import annotations

import sys

import click

from homeport.entry.cli.lazy import LazyGroup
from homeport.entry.version import VERSION
from homeport.runtime.errors import HomeportError

#: Command name -> module of this folder, and its line in the overview.
COMMANDS = {
    "up": ("up", "Run everything in one process."),
    "demo": ("demo", "Load sample documents, ask a question, print the cited answer."),
    "serve": ("serve", "Run one part of a fleet: MODE=api, worker, beat or migration."),
    "upgrade-db": ("upgrade_db", "Bring the database to this version's schema."),
    "downgrade-db": ("downgrade_db", "Take the database back to an earlier schema."),
    "create-tenant": ("create_tenant", "Create a workspace and the account that owns it."),
    "reset-password": ("reset_password", "Give an account another password."),
    "reset-email": ("reset_email", "Change the email of an account."),
    "reset-encrypt-key-pair": (
        "reset_encrypt_key_pair",
        "Give every workspace a new key, after SECRET_KEY has changed.",
    ),
    "clean-expired-messages": ("clean_expired_messages", "Delete the messages of a time."),
    "vdb-migrate": ("vdb_migrate", "Move what is indexed to another vector store (not built yet)."),
    "config": ("config.group", "Look at the configuration: every setting that is known, and what it means."),
    "jobs": ("jobs.group", "See background jobs and do something about them."),
    "beat": ("beat", "See what happens by the clock."),
    "doctor": ("doctor", "Do real work on each part: what is wrong, why, and what to do."),
    "deploy": ("deploy.group", "Make deployment files: Compose, Kubernetes, systemd."),
    "openapi": ("openapi", "Print the OpenAPI document of the Service API."),
}

_EPILOG = """\b
Examples:
  homeport up                          run on http://127.0.0.1:5001
  homeport up --port 8080 --data-dir /srv/homeport
  homeport demo                        see a cited answer in seconds
  MODE=worker homeport serve           a worker of a fleet
  homeport doctor                      what is wrong, why, and what to do
"""


@click.group(
    cls=LazyGroup,
    folder="homeport.entry.cli",
    table=COMMANDS,
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(VERSION, prog_name="homeport")
def cli() -> None:
    """A self-hosted platform for LLM applications.

    Settings come from options, the environment and a file .env in the current directory.
    """


def main() -> None:
    """Run the command line; an error is one sentence and exit status 1."""
    try:
        cli()
    except HomeportError as error:
        click.secho(error.message, err=True, fg="red")
        if error.hint:
            click.echo(error.hint, err=True)
        sys.exit(1)
    except BrokenPipeError:
        sys.exit(141)
