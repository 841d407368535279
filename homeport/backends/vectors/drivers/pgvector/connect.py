"""Reach the server: a pool whose connections know vectors, and every failure in the words of the family."""

from __future__ import annotations

import struct
import sys
from array import array
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

import asyncpg

from homeport.backends.vectors.drivers.pgvector.spec import PgvectorSettings
from homeport.backends.vectors.errors import Misconfigured, Unavailable, VectorsError

if TYPE_CHECKING:
    Pool: TypeAlias = asyncpg.Pool[asyncpg.Record]
    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]
else:
    Pool = asyncpg.Pool
    Connection = asyncpg.Connection

#: Any number; whoever changes tables holds this lock of the database.
_LOCK = 7_046_113
_CONNECT_SECONDS = 10.0
_HEADER = struct.Struct(">HH")


async def open_pool(settings: PgvectorSettings) -> Pool:
    """Connections to the database, in which the extension is there. Raises `Misconfigured`, `Unavailable`."""
    _check(settings)
    address: dict[str, Any] = {
        "host": settings.pgvector_host,
        "port": settings.pgvector_port,
        "user": settings.pgvector_user,
        "password": settings.pgvector_password.get_secret_value() if settings.pgvector_password else None,
        "database": settings.pgvector_database,
        "timeout": _CONNECT_SECONDS,
    }
    async with said():
        first = await asyncpg.connect(**address)
        try:
            schema = await _find_extension(first)
        finally:
            await first.close()

        async def teach_vectors(connection: Connection) -> None:
            await connection.set_type_codec("vector", schema=schema, encoder=pack, decoder=unpack, format="binary")

        return await asyncpg.create_pool(
            **address,
            min_size=settings.pgvector_min_connection,
            max_size=settings.pgvector_max_connection,
            init=teach_vectors,
            server_settings={
                "hnsw.ef_search": str(settings.pgvector_ef_search),
                # Without it a filter is applied to the first candidates only, and finds too few.
                "hnsw.iterative_scan": "strict_order",
                "hnsw.max_scan_tuples": "100000",
                # The extension need not lie in the search path of the user.
                "search_path": f'"$user", public, "{schema}"',
            },
        )


async def lock_tables(connection: Connection) -> None:
    """Wait until nobody else makes or drops tables; until the end of the transaction."""
    await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)


def pack(vector: Sequence[float]) -> bytes:
    """A vector as it goes over the wire: dimensions, zero, big-endian 32-bit floats."""
    numbers = array("f", vector)
    if sys.byteorder == "little":
        numbers.byteswap()
    return _HEADER.pack(len(numbers), 0) + numbers.tobytes()


def unpack(data: bytes) -> array[float]:
    """A vector from the wire."""
    numbers = array("f")
    numbers.frombytes(data[_HEADER.size :])
    if sys.byteorder == "little":
        numbers.byteswap()
    return numbers


@asynccontextmanager
async def said() -> AsyncGenerator[None]:
    """Errors of PostgreSQL in the words of the family."""
    try:
        yield
    except (
        asyncpg.InvalidAuthorizationSpecificationError,
        asyncpg.InvalidCatalogNameError,
        asyncpg.InsufficientPrivilegeError,
    ) as error:
        raise Misconfigured(
            f"The vector store's PostgreSQL server refuses: {_sentence(error)}.",
            hint="Look at PGVECTOR_USER, PGVECTOR_PASSWORD and PGVECTOR_DATABASE, and at what the user may do.",
        ) from error
    except (
        OSError,
        TimeoutError,
        asyncpg.PostgresConnectionError,
        asyncpg.InsufficientResourcesError,
        asyncpg.OperatorInterventionError,
        asyncpg.TransactionRollbackError,
        asyncpg.InterfaceError,
        # What asyncpg raises when a connection ends just as a statement is sent on it.
        asyncpg.InternalClientError,
    ) as error:
        if isinstance(error, ValueError):
            raise  # a value of the wrong type: our mistake, not the server's
        raise Unavailable(
            f"The vector store's PostgreSQL server does not answer now ({type(error).__name__}: {_sentence(error)}).",
            hint="Look whether it runs at PGVECTOR_HOST and PGVECTOR_PORT.",
        ) from error
    except asyncpg.PostgresError as error:
        raise VectorsError(f"The vector store's PostgreSQL server gave an error: {_sentence(error)}.") from error


def _sentence(error: BaseException) -> str:
    """What the server says first; details, which may hold stored values, and hints follow on further lines."""
    return next(iter(str(error).splitlines()), "").rstrip(".")


def _check(settings: PgvectorSettings) -> None:
    required = ("pgvector_host", "pgvector_user", "pgvector_database")
    missing = [name.upper() for name in required if not getattr(settings, name)]
    if missing:
        raise Misconfigured(f"VECTOR_STORE is 'pgvector', which needs {', '.join(missing)}.", hint="Set it.")
    if settings.pgvector_min_connection > settings.pgvector_max_connection:
        raise Misconfigured(
            f"PGVECTOR_MIN_CONNECTION is {settings.pgvector_min_connection}; accepted is up to"
            f" PGVECTOR_MAX_CONNECTION, {settings.pgvector_max_connection}."
        )


async def _find_extension(connection: Connection) -> str:
    """The schema of the extension, which is made when the user may."""
    find = "SELECT nspname FROM pg_extension JOIN pg_namespace n ON n.oid = extnamespace WHERE extname = 'vector'"
    schema = await connection.fetchval(find)
    if schema is None:
        try:
            async with connection.transaction():
                await lock_tables(connection)
                await connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
        except (asyncpg.InsufficientPrivilegeError, asyncpg.FeatureNotSupportedError, asyncpg.UndefinedFileError) as no:
            raise Misconfigured(
                f"The PostgreSQL server of the vector store lacks the extension vector ({_sentence(no)}).",
                hint="Install pgvector on it, and let an administrator run CREATE EXTENSION vector in the database.",
            ) from no
        schema = await connection.fetchval(find)
    return str(schema)
