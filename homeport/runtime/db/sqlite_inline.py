"""SQLite on the event loop's own thread.

A statement on a local file takes microseconds; handing it to a thread and back takes longer than the statement. So the
embedded database runs inline: no thread per connection, a third of the time per request. What this asks for in return:
short transactions, paged lists, and no other process that keeps the write lock (see docs/decisions).
"""

from __future__ import annotations

import sqlite3
from typing import Any

from sqlalchemy import URL, AsyncAdaptedQueuePool, Pool
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util import await_only

DRIVER = "sqlite+inline"


class InlineCursor(sqlite3.Cursor):
    """A cursor that may be asked to release what it buffers beyond the result; it buffers nothing."""

    async def _async_soft_close(self) -> None:
        """SQLAlchemy awaits this on the cursors of asynchronous drivers."""


class InlineConnection(sqlite3.Connection):
    """A connection of such cursors."""

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

    def do_execute(self, cursor: Any, statement: Any, parameters: Any, context: Any = None) -> None:  # noqa: ARG002
        """As any driver does, with the one await by which SQLAlchemy knows an asynchronous driver."""
        cursor.execute(statement, parameters)
        await_only(_nothing())

    def do_executemany(self, cursor: Any, statement: Any, parameters: Any, context: Any = None) -> None:  # noqa: ARG002
        """The same for a statement with many rows."""
        cursor.executemany(statement, parameters)
        await_only(_nothing())

    def do_execute_no_params(self, cursor: Any, statement: Any, context: Any = None) -> None:  # noqa: ARG002
        """The same for a statement without parameters."""
        cursor.execute(statement)
        await_only(_nothing())

    def get_driver_connection(self, connection: Any) -> Any:
        """The connection is the driver's own."""
        return connection


async def _nothing() -> None:
    """Done already."""


registry.register("sqlite.inline", __name__, "InlineDialect")
