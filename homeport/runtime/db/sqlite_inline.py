"""SQLite on the event loop's own thread.

A statement on a local file takes microseconds; handing it to a thread and back takes longer than the statement. So the
embedded database runs inline: no thread per connection, a third of the time per request. What this asks for in return:
short transactions, paged lists, and no other process that keeps the write lock (see docs/decisions).

Nothing waits, so nothing needs a greenlet either, by which SQLAlchemy lets its synchronous core wait for a coroutine:
`InlineSession` calls the core directly, in half the time per statement.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import URL, AsyncAdaptedQueuePool, Pool
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.util import await_only

from homeport.runtime.db.watched_pool import WatchedPool

DRIVER = "sqlite+inline"

Answer = TypeVar("Answer")


class _Direct(threading.local):
    """Whether this thread is in a call of an `InlineSession`, and not in a greenlet."""

    on = False


_direct = _Direct()


class InlineCursor(sqlite3.Cursor):
    """A cursor that may be asked to release what it buffers beyond the result; it buffers nothing."""

    async def _async_soft_close(self) -> None:
        """SQLAlchemy awaits this on the cursors of asynchronous drivers."""


class InlineConnection(sqlite3.Connection):
    """A connection of such cursors."""

    #: What begins a transaction: BEGIN, or BEGIN IMMEDIATE where it will write.
    begin = "BEGIN"

    def cursor(self, factory: Any = InlineCursor) -> Any:
        """As the standard library's."""
        return super().cursor(factory)


class InlineDialect(SQLiteDialect_pysqlite):
    """The standard library's driver under SQLAlchemy's asynchronous engine."""

    driver = "inline"
    is_async = True
    supports_statement_cache = True

    @classmethod
    def get_pool_class(cls, url: URL) -> type[Pool]:  # noqa: ARG003
        """A pool whose waiters give way to other coroutines."""
        return AsyncAdaptedQueuePool

    def do_begin(self, dbapi_connection: Any) -> None:
        """The driver itself begins none."""
        connection: InlineConnection = dbapi_connection.dbapi_connection
        connection.execute(connection.begin)

    def do_execute(self, cursor: Any, statement: Any, parameters: Any, context: Any = None) -> None:  # noqa: ARG002
        """As any driver does."""
        cursor.execute(statement, parameters)
        _wait_for_nothing()

    def do_executemany(self, cursor: Any, statement: Any, parameters: Any, context: Any = None) -> None:  # noqa: ARG002
        """The same for a statement with many rows."""
        cursor.executemany(statement, parameters)
        _wait_for_nothing()

    def do_execute_no_params(self, cursor: Any, statement: Any, context: Any = None) -> None:  # noqa: ARG002
        """The same for a statement without parameters."""
        cursor.execute(statement)
        _wait_for_nothing()

    def get_driver_connection(self, connection: Any) -> Any:
        """The connection is the driver's own."""
        return connection


def _wait_for_nothing() -> None:
    """The await by which SQLAlchemy knows an asynchronous driver; also refuses what a server's driver would refuse."""
    if not _direct.on:
        await_only(_nothing())


async def _nothing() -> None:
    """Done already."""


class InlineSession(AsyncSession):
    """A session on such connections. Only to wait for one, or to make a new one, it needs the way over a greenlet."""

    def __init__(self, engine: AsyncEngine, **options: Any) -> None:
        """As `AsyncSession`."""
        super().__init__(engine, **options)
        pool = engine.pool
        assert isinstance(pool, WatchedPool)
        self._pool = pool
        self._connected = False

    async def execute(self, statement: Any, params: Any = None, **options: Any) -> Any:
        """See `AsyncSession.execute`."""
        if self._must_wait():
            result = await super().execute(statement, params, **options)
        else:
            given = options.pop("execution_options", None)
            # All rows are fetched here, as of any asynchronous driver: nobody reads them from a closed cursor later.
            options["execution_options"] = {**given, **_FETCH_ALL} if given else _FETCH_ALL
            result = self._call(self.sync_session.execute, statement, params, **options)
        self._connected = True
        return result

    async def flush(self, objects: Any = None) -> None:
        """See `AsyncSession.flush`."""
        if self._must_wait():
            await super().flush(objects)
        else:
            self._call(self.sync_session.flush, objects)

    async def commit(self) -> None:
        """See `AsyncSession.commit`."""
        if self._must_wait():
            await super().commit()
        else:
            self._call(self.sync_session.commit)
        self._connected = False

    async def close(self) -> None:
        """See `AsyncSession.close`."""
        self._call(self.sync_session.close)
        self._connected = False

    def _must_wait(self) -> bool:
        return not self._connected and not self._pool.checkedin()

    @staticmethod
    def _call(function: Callable[..., Answer], *args: Any, **options: Any) -> Answer:
        _direct.on = True
        try:
            return function(*args, **options)
        finally:
            _direct.on = False


_FETCH_ALL = {"prebuffer_rows": True}


registry.register("sqlite.inline", __name__, "InlineDialect")
