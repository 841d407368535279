"""Bring the database to the schema of this version: one migrator at a time, a failure names its revision."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import structlog
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError

from homeport.entry.settings import Settings
from homeport.runtime.db.database import Database
from homeport.runtime.db.locks import exclusively
from homeport.runtime.errors import HomeportError

log = structlog.get_logger(__name__)

_SCRIPTS = Path(__file__).parent / "migrations"
_LOCK = "homeport:migration"
_WAIT_SECONDS = 600.0
#: What the revisions of this and of every later version are called.
_OURS = re.compile(r"[0-9]{4}")


class MigrationFailed(HomeportError):
    """The database could not be migrated."""

    code = "migration_failed"


class SchemaNewer(HomeportError):
    """The database was migrated by a newer version."""

    code = "schema_newer"

    def __init__(self, found: str) -> None:
        """`found`: its revision."""
        super().__init__(
            f"The database has revision {found}, newer than this version of Homeport, which knows up to {head()}.",
            hint="Start the version that wrote it, or a newer one; that version can also downgrade it.",
        )


class UnknownRevision(HomeportError):
    """The database has a revision that is none of Homeport's."""

    code = "unknown_revision"

    def __init__(self, found: str) -> None:
        """`found`: what stands in its table of revisions."""
        super().__init__(
            f"The database has the revision {found!r}, which is none of Homeport's: another program made it.",
            hint="Choose an empty database, or one of Homeport, with DB_HOST and DB_DATABASE.",
        )


def revision_files() -> list[Path]:
    """The files of all revisions, oldest first."""
    return sorted((_SCRIPTS / "versions").glob("[0-9]*.py"))


def revisions() -> list[str]:
    """All revisions of this version, oldest first: the numbers their files begin with."""
    return [path.name.split("_")[0] for path in revision_files()]


def head() -> str:
    """The revision this version needs."""
    return revisions()[-1]


async def current(database: Database) -> str | None:
    """The database's revision, None for an empty database."""
    async with database.read() as session:
        connection = await session.connection()
        if not await connection.run_sync(lambda sync: inspect(sync).has_table("alembic_version")):
            return None
        return (await session.execute(text("SELECT version_num FROM alembic_version"))).scalar_one_or_none()


def schema_problem(found: str | None) -> str | None:
    """What keeps this version from working with a database of revision `found`, in one sentence; None: nothing."""
    if found == head():
        return None
    try:
        refuse_foreign(found)
    except (SchemaNewer, UnknownRevision) as error:
        return str(error)
    return f"The schema has revision {found or 'none'}, this version needs {head()}."


def refuse_foreign(found: str | None) -> None:
    """Raise `SchemaNewer` or `UnknownRevision` unless `found` is a revision this version can upgrade from."""
    if found is None or found in revisions():
        return
    if _OURS.fullmatch(found) is None:
        raise UnknownRevision(found)
    if found > head():
        raise SchemaNewer(found)


async def migrate(database: Database, *, waiting: Callable[[], None] | None = None) -> bool:
    """Upgrade to `head`; False when there was nothing to do. Several processes may call it: one works, all wait.

    `waiting` is called once when another one works. Raises `SchemaNewer`, `UnknownRevision`, `MigrationFailed`.
    """
    await database.ping()
    if await current(database) == head():
        return False
    async with migrating(database, waiting):
        before = await current(database)
        if before == head():
            return False
        refuse_foreign(before)
        log.info("migrating the database", before=before, after=head())
        async with database.engine.connect() as connection:
            await connection.run_sync(upgrade_to, "head")
            await connection.commit()
    return True


async def migrate_once(settings: Settings, data_dir: Path, *, waiting: Callable[[], None] | None = None) -> bool:
    """`migrate` the database of these settings; False when there was nothing to do."""
    database = Database(settings.database.url(data_dir), settings.database)
    try:
        return await migrate(database, waiting=waiting)
    finally:
        await database.close()


@asynccontextmanager
async def migrating(database: Database, waiting: Callable[[], None] | None = None) -> AsyncIterator[None]:
    """Be the one process that changes the schema; wait up to ten minutes for another one."""

    def wait() -> None:
        log.info("waiting for another process that migrates the database", seconds_at_most=_WAIT_SECONDS)
        if waiting is not None:
            waiting()

    async with exclusively(database, _LOCK, seconds=_WAIT_SECONDS, waiting=wait):
        yield


def upgrade_to(connection: Connection, revision: str) -> None:
    """Bring the schema up to `revision` or `head`. Raises `MigrationFailed` with the revision that failed."""
    command, config = _alembic(connection)
    try:
        command.upgrade(config, revision)
    except DBAPIError as error:
        done = _reached(connection)
        failing = next(one for one in revisions() if done is None or one > done)
        raise MigrationFailed(f"Revision {failing} failed: {str(error.orig).splitlines()[0]}.") from error


def downgrade_to(connection: Connection, revision: str) -> None:
    """Take the schema back to `revision` or `base`. Raises `MigrationFailed` with the revision that failed."""
    command, config = _alembic(connection)
    try:
        command.downgrade(config, revision)
    except DBAPIError as error:
        reason = str(error.orig).splitlines()[0]
        raise MigrationFailed(f"Revision {_reached(connection)} could not be taken back: {reason}.") from error


def _alembic(connection: Connection) -> tuple[ModuleType, Any]:
    # Alembic is loaded only when there is something to do: it takes a tenth of the start-up time.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    config.attributes["connection"] = connection
    return command, config


def _reached(connection: Connection) -> str | None:
    """The revision at which a failed migration stands."""
    from alembic.runtime.migration import MigrationContext  # noqa: PLC0415

    connection.rollback()
    return MigrationContext.configure(connection).get_current_revision()
