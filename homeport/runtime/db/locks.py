"""One process at a time, over any number of machines: a lock that dies with the connection that holds it."""

from __future__ import annotations

import asyncio
import time
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from homeport.runtime.db.database import Database
from homeport.runtime.errors import Unavailable

_POLL_SECONDS = 0.2


class LockNotAcquired(Unavailable):
    """Another process holds the lock."""

    code = "lock_not_acquired"


@asynccontextmanager
async def exclusively(
    database: Database, name: str, *, seconds: float, waiting: Callable[[], None] | None = None
) -> AsyncIterator[None]:
    """Hold the database-wide lock `name`; wait for it at most `seconds`, telling `waiting` once when it is taken.

    Nothing is locked on SQLite: the lock of the data directory already keeps other processes out.
    """
    if database.kind == "sqlite":
        yield
        return
    async with database.engine.connect() as connection:
        deadline = time.monotonic() + seconds
        while not await _try(connection, database.kind, name):
            if waiting is not None:
                waiting()
                waiting = None
            if time.monotonic() > deadline:
                raise LockNotAcquired(f"Another process has held the lock {name!r} for more than {seconds:.0f} s.")
            await asyncio.sleep(_POLL_SECONDS)
        try:
            yield
        finally:
            await _release(connection, database.kind, name)


def _key(name: str) -> int:
    return zlib.crc32(name.encode())


async def _try(connection: AsyncConnection, kind: str, name: str) -> bool:
    statement, value = (
        ("SELECT pg_try_advisory_lock(:key)", _key(name))
        if kind == "postgresql"
        else ("SELECT GET_LOCK(CONCAT(DATABASE(), ':', :key), 0)", name)
    )
    taken = (await connection.execute(text(statement), {"key": value})).scalar()
    await connection.commit()  # both locks belong to the connection, not to its transaction
    return bool(taken)


async def _release(connection: AsyncConnection, kind: str, name: str) -> None:
    statement, value = (
        ("SELECT pg_advisory_unlock(:key)", _key(name))
        if kind == "postgresql"
        else ("SELECT RELEASE_LOCK(CONCAT(DATABASE(), ':', :key))", name)
    )
    await connection.execute(text(statement), {"key": value})
    await connection.commit()
