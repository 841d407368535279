"""What every process needs in order to do its work."""

from __future__ import annotations

from homeport.entry.migrate import current, schema_problem
from homeport.runtime.db.database import Database
from homeport.runtime.ops.health import Check, Checks
from homeport.runtime.tasks.dispatchers.port import Dispatcher


def standard_checks(database: Database, dispatcher: Dispatcher) -> Checks:
    """What every process needs; rooms add their own to `House.checks`."""

    async def schema() -> str | None:
        await database.ping()
        return schema_problem(await current(database))

    async def jobs() -> str | None:
        return None if await dispatcher.alive() else "The broker does not answer; jobs wait in the database."

    return Checks([Check("database", schema), Check("jobs", jobs)])
