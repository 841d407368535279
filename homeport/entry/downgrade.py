"""Take the schema back to an earlier revision, and say before that what is lost on the way."""

from __future__ import annotations

from dataclasses import dataclass

import structlog
from sqlalchemy import Connection, column, create_engine, func, inspect, select, table
from sqlalchemy.pool import StaticPool

from homeport.entry.migrate import (
    current,
    downgrade_to,
    migrating,
    refuse_foreign,
    revision_files,
    revisions,
    upgrade_to,
)
from homeport.runtime.db.database import Database
from homeport.runtime.errors import HomeportError

log = structlog.get_logger(__name__)

#: Before the first revision: no tables.
BASE = "base"


class NoDowngrade(HomeportError):
    """There is nothing to take back."""

    code = "no_downgrade"


@dataclass(frozen=True, slots=True)
class Loss:
    """A table that goes with all its rows, or a column of a table that stays."""

    table: str
    column: str | None
    #: Rows of the table, or rows that have a value in the column.
    rows: int

    def __str__(self) -> str:
        rows = f"{self.rows} {'row' if self.rows == 1 else 'rows'}"
        return f"table {self.table}: {rows}" if self.column is None else f"{self.table}.{self.column}: set in {rows}"


@dataclass(frozen=True, slots=True)
class Plan:
    """A downgrade that has not been done."""

    before: str
    after: str
    #: Names of the revisions that are taken back, newest first.
    revisions: list[str]
    losses: list[Loss]


async def plan_downgrade(database: Database, wanted: str | None) -> Plan:
    """What going back to `wanted` (one step when None) would do and lose.

    Raises `NoDowngrade`, `SchemaNewer`, `UnknownRevision`.
    """
    await database.ping()
    before = await current(database)
    refuse_foreign(before)
    after = _target(before, wanted)
    assert before is not None
    names = {path.stem.split("_")[0]: path.stem for path in revision_files()}
    undone = [names[one] for one in reversed(revisions()) if one <= before and (after == BASE or one > after)]
    async with database.read() as session:
        losses = await (await session.connection()).run_sync(_losses, before, after)
    return Plan(before, after, undone, losses)


async def downgrade(database: Database, plan: Plan) -> None:
    """Do it. Raises `MigrationFailed`, and `NoDowngrade` when somebody else has changed the schema since."""
    async with migrating(database):
        found = await current(database)
        if found != plan.before:
            raise NoDowngrade(f"The schema has changed from {plan.before} to {found or 'none'} meanwhile; look again.")
        log.info("downgrading the database", before=plan.before, after=plan.after)
        async with database.engine.connect() as connection:
            await connection.run_sync(downgrade_to, plan.after)
            await connection.commit()


def _target(before: str | None, wanted: str | None) -> str:
    known = [BASE, *revisions()]
    if wanted is not None and wanted not in known:
        raise NoDowngrade(f"Revision {wanted!r} is unknown; accepted are {', '.join(known)}.")
    if before is None:
        raise NoDowngrade("The database is empty; there is nothing to take back.")
    after = wanted or known[known.index(before) - 1]
    if known.index(after) >= known.index(before):
        hint = None if after == before else "Upgrade it with: homeport upgrade-db"
        raise NoDowngrade(f"The database has revision {before}; going to {after} is no step back.", hint=hint)
    return after


def _losses(connection: Connection, before: str, after: str) -> list[Loss]:
    had, stays = _columns_at(before), {} if after == BASE else _columns_at(after)
    losses = []
    for name, columns in sorted(had.items()):
        if name not in stays:
            losses.append(Loss(name, None, _count(connection, name, None)))
            continue
        gone = sorted(columns - stays[name])
        losses += [Loss(name, one, _count(connection, name, one)) for one in gone]
    return losses


def _columns_at(revision: str) -> dict[str, set[str]]:
    """The columns of every table at a revision: made in memory, so a table of somebody else is never counted."""
    engine = create_engine("sqlite://", poolclass=StaticPool)
    try:
        with engine.connect() as connection:
            upgrade_to(connection, revision)
            found = inspect(connection)
            names = [name for name in found.get_table_names() if name != "alembic_version"]
            return {name: {str(one["name"]) for one in found.get_columns(name)} for name in names}
    finally:
        engine.dispose()


def _count(connection: Connection, name: str, only: str | None) -> int:
    query = select(func.count()).select_from(table(name))
    if only is not None:
        query = query.where(column(only).is_not(None))
    return int(connection.execute(query).scalar_one())
