"""`homeport serve`: one part of a fleet."""

from __future__ import annotations

import sys

import click

_EPILOG = """\b
Examples:
  MODE=migration homeport serve        bring the database to this version's schema, then end
  MODE=api homeport serve              the HTTP API, under gunicorn
  MODE=worker homeport serve           background jobs, under Celery
  MODE=beat homeport serve             the timetable

\b
Needs DB_HOST and its like (PostgreSQL or MySQL) and, except for the migration, CELERY_BROKER_URL.
"""


@click.command(epilog=_EPILOG)
def command() -> None:
    """Run one part of a fleet: what the variable MODE names, the API when it is not set."""
    from homeport.entry.published_secrets import warn_of_published
    from homeport.entry.serve import serve
    from homeport.entry.settings import read_settings
    from homeport.runtime.ops.logs import configure_logs

    settings = read_settings()
    configure_logs(settings.logging)
    warn_of_published()
    sys.exit(serve(settings))
