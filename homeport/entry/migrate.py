"""Bring the database to the schema of this version: one migrator at a time, a failure names its revision."""

from __future__ import annotations

from pathlib import Path

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


class MigrationFailed(HomeportError):
    """The database could not be migrated."""

    code = "migration_failed"


class UnknownRevision(HomeportError):
    """The database was made by a version this one does not know."""

    code = "unknown_revision"


def revisions() -> list[str]:
    """All revisions of this version, oldest first: the numbers their files begin with."""
    return sorted(path.name.split("_")[0] for path in (_SCRIPTS / "versions").glob("[0-9]*.py"))


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


async def migrate(database: Database) -> bool:
    """Upgrade to `head`; False when there was nothing to do. Several processes may call it: one works, all wait."""
    await database.ping()
    if await current(database) == head():
        return False

    def waiting() -> None:
        log.info("waiting for another process that migrates the database")

    async with exclusively(database, _LOCK, seconds=_WAIT_SECONDS, waiting=waiting):
        before = await current(database)
        if before == head():
            return False
        if before is not None and before not in revisions():
            raise UnknownRevision(
                f"The database has revision {before}, this version of Homeport knows {revisions()[0]} to {head()}.",
                hint="Start the version that wrote it, or a newer one.",
            )
        log.info("migrating the database", before=before, after=head())
        async with database.engine.connect() as connection:
            await connection.run_sync(_upgrade)
            await connection.commit()
    return True


async def migrate_once(settings: Settings, data_dir: Path) -> bool:
    """`migrate` the database of these settings; False when there was nothing to do."""
    database = Database(settings.database.url(data_dir), settings.database)
    try:
        return await migrate(database)
    finally:
        await database.close()


def _upgrade(connection: Connection) -> None:
    # Alembic is loaded only when there is something to do: it takes a tenth of the start-up time.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.runtime.migration import MigrationContext  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except DBAPIError as error:
        connection.rollback()
        done = MigrationContext.configure(connection).get_current_revision()
        failing = next(one for one in revisions() if done is None or one > done)
        raise MigrationFailed(f"Revision {failing} failed: {str(error.orig).splitlines()[0]}.") from error
