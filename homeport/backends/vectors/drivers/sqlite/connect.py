"""Open the file: extension, modes and tables, and every failure of SQLite in the words of the family."""

from __future__ import annotations

import importlib.util
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import apsw

from homeport.backends.vectors.drivers.sqlite import schema
from homeport.backends.vectors.errors import Misconfigured, Unavailable, VectorsError

#: Milliseconds to wait for another process that writes.
_BUSY_TIMEOUT = 30_000
_MODES = f"""
PRAGMA synchronous = NORMAL;
PRAGMA temp_store = MEMORY;
PRAGMA cache_size = -16000;
PRAGMA mmap_size = {1 << 30};
PRAGMA journal_size_limit = {64 << 20};
"""


def find_extension() -> str:
    """The path of sqlite-vec without its ending. Importing the package would load numpy, half a second for nothing."""
    found = importlib.util.find_spec("sqlite_vec")
    if found is None or not found.submodule_search_locations:
        raise Misconfigured(
            "The vector store sqlite needs the package 'sqlite-vec', which is not installed.",
            hint="Install it: pip install sqlite-vec.",
        )
    return str(Path(found.submodule_search_locations[0]) / "vec0")


def connect(path: Path, extension: str) -> apsw.Connection:
    """A connection to the file, which is made when it is missing."""
    with said_of(path):
        connection = apsw.Connection(str(path), statementcachesize=256)
        connection.set_busy_timeout(_BUSY_TIMEOUT)
        connection.enable_load_extension(True)
        connection.load_extension(extension, "sqlite3_vec_init")
        connection.enable_load_extension(False)
        # A statement that returns a row stops a script until the row is read.
        for statement in filter(None, map(str.strip, _MODES.split(";"))):
            connection.execute(statement).fetchall()
        return connection


def prepare(connection: apsw.Connection, path: Path) -> None:
    """Make the tables that are missing; once per process."""
    with said_of(path):
        if connection.pragma("journal_mode") != "wal":
            connection.pragma("journal_mode", "wal")
        with writing(connection):
            version = connection.pragma("user_version")
            if version > schema.VERSION:
                raise Misconfigured(
                    f"The file {path.name} was written by a newer version of Homeport ({version}; this one knows"
                    f" {schema.VERSION}).",
                    hint="Use that version, or restore a backup made before.",
                )
            connection.execute(schema.TABLES)
            connection.pragma("user_version", schema.VERSION)


@contextmanager
def writing(connection: apsw.Connection) -> Generator[None]:
    """One transaction that writes; others wait for it from the start, so it never fails half way for their sake."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


@contextmanager
def reading(connection: apsw.Connection) -> Generator[None]:
    """Several statements that see one state of the file."""
    connection.execute("BEGIN")
    try:
        yield
    finally:
        connection.execute("COMMIT")


@contextmanager
def said_of(path: Path) -> Generator[None]:
    """Errors of SQLite about the file, in the words of the family."""
    try:
        yield
    except (apsw.BusyError, apsw.LockedError) as error:
        raise Unavailable(f"The vector store's file {path.name} is in use by another process.") from error
    except (apsw.CantOpenError, apsw.PermissionsError, apsw.ReadOnlyError, apsw.AuthError) as error:
        raise Misconfigured(
            f"The vector store's file {path} cannot be opened for writing ({error}).",
            hint="Give this process the right to write in the data directory.",
        ) from error
    except (apsw.CorruptError, apsw.NotADBError) as error:
        raise Misconfigured(
            f"The vector store's file {path} is damaged ({error}).",
            hint="Restore it from a backup, or remove it and index the datasets again.",
        ) from error
    except apsw.FullError as error:
        raise Unavailable(f"The disk is full: there is no room left for the vector store's file {path}.") from error
    except apsw.IOError as error:
        raise Unavailable(f"The disk with the vector store's file {path} fails ({error}).") from error
    except apsw.Error as error:
        raise VectorsError(f"The vector store's file {path.name} gave an error: {error}.") from error
