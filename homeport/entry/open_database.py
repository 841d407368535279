"""The database for a command: it answers, and has the schema of this version."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from homeport.entry.migrate import current, refuse_foreign, schema_problem
from homeport.entry.settings import Settings
from homeport.runtime.db.database import Database
from homeport.runtime.errors import HomeportError


class SchemaNotReady(HomeportError):
    """The database has another schema than this version needs."""

    code = "schema_not_ready"


@asynccontextmanager
async def open_database(settings: Settings, data_dir: Path) -> AsyncIterator[Database]:
    """Closed at the end. Raises `DatabaseUnavailable`, `SchemaNotReady`, `SchemaNewer`, `UnknownRevision`."""
    database = Database(settings.database.url(data_dir), settings.database)
    try:
        await database.ping()
        found = await current(database)
        refuse_foreign(found)
        problem = schema_problem(found)
        if problem is not None:
            raise SchemaNotReady(problem, hint="Bring it to this version's schema with: homeport upgrade-db")
        yield database
    finally:
        await database.close()
