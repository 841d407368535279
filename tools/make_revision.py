"""Write the next migration from the difference between the tables and the newest revision.

Usage: .venv/bin/python tools/make_revision.py "add a column for this"
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from homeport.entry.migrate import revisions
from homeport.entry.migrations import __file__ as migrations
from homeport.runtime.db.database import Database


def make(connection: Connection, message: str) -> None:
    """Bring a scratch database to the newest revision, compare it with the tables, write the file."""
    config = Config()
    config.set_main_option("script_location", str(Path(migrations).parent))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    config.attributes["connection"] = connection
    known = revisions()
    if known:
        command.upgrade(config, "head")
    number = f"{int(known[-1]) + 1 if known else 1:04d}"
    command.revision(config, message, autogenerate=True, rev_id=number)


async def main(message: str) -> None:
    """Use a scratch SQLite file."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/scratch.db")
        async with database.engine.connect() as connection:
            await connection.run_sync(make, message)
            await connection.commit()
        await database.close()


if __name__ == "__main__":
    import asyncio

    if len(sys.argv) != 2:
        sys.exit(__doc__)
    asyncio.run(main(sys.argv[1]))
