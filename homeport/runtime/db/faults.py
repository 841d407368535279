"""What the driver of a database raises when the database is away or its disk is full, as errors with a sentence."""

from __future__ import annotations

import errno
import socket

from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from homeport.runtime.errors import DiskFull, HomeportError, Unavailable

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT}
#: Of SQLite: full; and what it makes of a write, or of its shared memory, for which there is no room.
_SQLITE_FULL = {"SQLITE_FULL", "SQLITE_IOERR_WRITE", "SQLITE_IOERR_SHMSIZE"}
#: Of PostgreSQL: disk full. Of MySQL: disk full, table full, no space left.
_SERVER_FULL = {"53100", 1021, 1114, 3019}
#: Of PostgreSQL: the classes of connections, of too many of them, and of a server that is stopped or starts.
_POSTGRES_AWAY = ("08", "53300", "57P")
#: Of MySQL: too many connections, shutdown, and all that its client says of a connection.
_MYSQL_AWAY = {1040, 1053, 1927, *range(2000, 2100)}


class DatabaseUnavailable(Unavailable):
    """The database does not answer."""

    code = "database_unavailable"


def explained(error: BaseException, url: URL) -> HomeportError | None:
    """The error to raise instead; None when it is not about the state of the database.

    That is one about the statement, or one of whatever else the work with the session has touched: a file, a network.
    """
    if not isinstance(error, DBAPIError) and not _of_a_driver(error):
        return None
    origin = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    if _is_full(origin):
        return DiskFull()
    if _is_away(error, origin):
        where = url.render_as_string(hide_password=True)
        return DatabaseUnavailable(f"The database {where} does not answer: {first_line(origin)}.")
    return None


def first_line(error: BaseException) -> str:
    """What the driver said, without its context."""
    origin = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    return (str(origin) or type(origin).__name__).splitlines()[0].rpartition(">: ")[2].rstrip(".")


def _of_a_driver(error: BaseException) -> bool:
    """Whether it came by way of SQLAlchemy, which does not wrap what a driver raises while it connects."""
    trace = error.__traceback__
    while trace is not None:
        if str(trace.tb_frame.f_globals.get("__name__", "")).startswith("sqlalchemy."):
            return True
        trace = trace.tb_next
    return False


def _is_full(origin: BaseException) -> bool:
    if isinstance(origin, OSError):
        return origin.errno in _NO_ROOM
    return getattr(origin, "sqlite_errorname", None) in _SQLITE_FULL or _number(origin) in _SERVER_FULL


def _is_away(error: BaseException, origin: BaseException) -> bool:
    if isinstance(origin, ConnectionError | TimeoutError | socket.gaierror):
        return True
    if isinstance(origin, OSError):
        return origin.errno in (errno.EHOSTUNREACH, errno.ENETUNREACH) or "Multiple exceptions" in str(origin)
    if not isinstance(error, DBAPIError) or getattr(origin, "sqlite_errorname", None):
        return False
    number = _number(origin)
    if isinstance(number, str):
        return number.startswith(_POSTGRES_AWAY)
    if isinstance(number, int):
        return number in _MYSQL_AWAY
    return error.connection_invalidated or isinstance(error, InterfaceError | OperationalError)


def _number(origin: BaseException) -> str | int | None:
    """SQLSTATE of PostgreSQL, error number of MySQL."""
    state = getattr(origin, "sqlstate", None)
    if isinstance(state, str):
        return state
    first = origin.args[0] if origin.args else None
    return first if isinstance(first, int) else None
