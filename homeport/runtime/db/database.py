"""The engine and the unit of work: nobody else commits.

SQLite allows one writer at a time, so there a pool of one connection writes (`BEGIN IMMEDIATE`: a writer never has to
upgrade a read lock and cannot deadlock) and a second pool reads beside it. On the servers both are the same pool.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import URL, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from homeport.runtime.db.clock import Clock
from homeport.runtime.db.extras import keep_alive, translate
from homeport.runtime.db.faults import DatabaseUnavailable, explained, first_line
from homeport.runtime.db.settings import DatabaseSettings
from homeport.runtime.db.watched_pool import PoolFigures, Waits, WatchedPool
from homeport.runtime.lazy_module import LazyModule

if TYPE_CHECKING:
    from homeport.runtime.db import sqlite_inline
else:
    #: The embedded database, which a fleet's processes are spared.
    sqlite_inline = LazyModule("homeport.runtime.db.sqlite_inline")

AfterCommit = Callable[[], Awaitable[None]]

_SQLITE_READERS = 8
_SQLITE_MORE_READERS = 56
_HOOKS = "after_commit"


def after_commit(session: AsyncSession, hook: AfterCommit) -> None:
    """Run `hook` once the session's transaction is committed; not at all when it is rolled back."""
    session.info.setdefault(_HOOKS, []).append(hook)


class Turn:
    """Writers of an SQLite file, first come first served: a pool's queue may let late ones pass for ever."""

    def __init__(self, seconds: float) -> None:
        """`seconds`: how long to wait."""
        self._lock = asyncio.Lock()
        self._seconds = seconds
        self.waits = Waits()

    async def __aenter__(self) -> None:
        """Wait for the turn; raises `DatabaseUnavailable`."""
        if not self._lock.locked():
            await self._lock.acquire()
            return
        began = time.perf_counter()
        try:
            async with asyncio.timeout(self._seconds):
                await self._lock.acquire()
        except TimeoutError as error:
            raise DatabaseUnavailable(f"Another transaction has been writing for {self._seconds:.0f} s.") from error
        finally:
            self.waits.add(began)

    async def __aexit__(self, *_: object) -> None:
        """Let the next one write."""
        self._lock.release()


class Database:
    """Connections to the main database, shared by everything in this process."""

    def __init__(self, url: URL | str, settings: DatabaseSettings | None = None) -> None:
        """Opens nothing yet; the first use does. `settings` gives the pool's options."""
        self.url = make_url(url)
        self.kind = self.url.get_backend_name()
        if self.kind == "sqlite":
            self.url = self.url.set(drivername=sqlite_inline.DRIVER)
        settings = settings or DatabaseSettings()
        #: By which all who use this database agree on what is due and whose lease has run out.
        self.clock = Clock(self.kind)
        if self.kind == "sqlite":
            self.engine = _sqlite_engine(self.url, settings, begin="BEGIN IMMEDIATE", connections=1)
            self._reader = _sqlite_engine(self.url, settings, begin="BEGIN", connections=_SQLITE_READERS)
            self._turn: AbstractAsyncContextManager[None] = Turn(settings.sqlalchemy_pool_timeout or 30)
            self._alone = None
        else:
            self.engine = self._reader = _server_engine(self.url, settings, self.clock)
            self._alone = self.engine.execution_options(isolation_level="AUTOCOMMIT")
            self._turn = nullcontext()
        self._new_session = sqlite_inline.InlineSession if self.kind == "sqlite" else AsyncSession

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncSession]:
        """One transaction: committed when the block ends, rolled back when it raises. Hooks run after the commit."""
        async with self._turn, self._session(self.engine) as session:
            yield session
            await session.commit()
            hooks: list[AfterCommit] = session.info.pop(_HOOKS, [])
        for hook in hooks:
            await hook()

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[AsyncSession]:
        """For one statement, which is its own transaction: on a server it takes one round trip instead of three."""
        if self._alone is None:
            async with self.begin() as session:
                yield session
        else:
            async with self._session(self._alone) as session:
                yield session
                await session.commit()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """One snapshot for reading only; nothing is committed. On SQLite it does not wait for writers."""
        async with self._session(self._reader) as session:
            yield session

    @asynccontextmanager
    async def _session(self, engine: AsyncEngine) -> AsyncIterator[AsyncSession]:
        session = self._new_session(engine, expire_on_commit=False)
        self.clock.lend(session)
        try:
            yield session
        except PoolTimeout as error:
            raise DatabaseUnavailable(
                "All connections to the database are in use.", hint="Raise SQLALCHEMY_POOL_SIZE."
            ) from error
        except (OSError, DBAPIError) as error:
            known = explained(error, self.url)
            if known is None:
                raise
            raise known from error
        finally:
            if self.kind == "sqlite" or not session.in_transaction():
                await session.close()  # nothing is waited for, so it cannot be interrupted
            else:
                await asyncio.shield(asyncio.ensure_future(session.close()))

    async def ping(self) -> None:
        """Raise `DatabaseUnavailable` unless the database answers a trivial statement."""
        try:
            async with self.read() as session:
                await session.execute(text("SELECT 1"))
        except (OSError, DBAPIError) as error:
            where = self.url.render_as_string(hide_password=True)
            raise DatabaseUnavailable(f"The database {where} does not answer: {first_line(error)}.") from error

    async def read_clock(self, older_than: float) -> None:
        """Read the clock of the server anew, unless that was done within `older_than` seconds."""
        if self.clock.age <= older_than:
            return
        async with self.read() as session:
            await session.connection()  # having it is not part of the time the answer takes
            asked = time.monotonic()
            seconds = (await session.execute(text(self.clock.statement or ""))).scalar_one()
            self.clock.set(float(seconds), asked, time.monotonic())

    @property
    def engines(self) -> list[AsyncEngine]:
        """The engines behind it: one, or on SQLite those of the writer and of the readers."""
        return [self.engine] if self._reader is self.engine else [self.engine, self._reader]

    def pools(self) -> list[PoolFigures]:
        """The pools of connections as they stand: one, or on SQLite those of the writer and of the readers."""
        if self._reader is self.engine:
            return [_figures(self.engine, "main")]
        writer = _figures(self.engine, "writer")
        if isinstance(self._turn, Turn):  # writers wait for their turn, and then find the connection free
            writer = replace(writer, waits=self._turn.waits)
        return [writer, _figures(self._reader, "reader")]

    async def close(self) -> None:
        """Close every connection."""
        await self.engine.dispose()
        if self._reader is not self.engine:
            await self._reader.dispose()


def _figures(engine: AsyncEngine, name: str) -> PoolFigures:
    pool = engine.pool
    assert isinstance(pool, WatchedPool)
    return pool.figures(name)


def _dumps(value: Any) -> str:
    return orjson.dumps(value).decode()


def _server_engine(url: URL, settings: DatabaseSettings, clock: Clock) -> AsyncEngine:
    extras = translate("mysql" if url.get_backend_name() == "mysql" else "postgresql", settings.db_extras)
    engine = create_async_engine(
        url,
        connect_args=extras.driver,
        poolclass=WatchedPool,
        pool_size=settings.sqlalchemy_pool_size,
        max_overflow=settings.sqlalchemy_max_overflow,
        pool_recycle=settings.sqlalchemy_pool_recycle,
        pool_timeout=settings.sqlalchemy_pool_timeout,
        pool_pre_ping=settings.sqlalchemy_pool_pre_ping,
        pool_use_lifo=settings.sqlalchemy_pool_use_lifo,
        echo=settings.sqlalchemy_echo,
        # The same isolation everywhere: a job claimed by another worker must be seen at once.
        isolation_level="READ COMMITTED",
        json_serializer=_dumps,
        json_deserializer=orjson.loads,
    )
    keepalive = extras.keepalive

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        if keepalive is not None:
            keep_alive(connection.driver_connection, keepalive)
        clock.read_by(connection)

    return engine


def _sqlite_engine(url: URL, settings: DatabaseSettings, *, begin: str, connections: int) -> AsyncEngine:
    engine = create_async_engine(
        url,
        poolclass=WatchedPool,
        pool_size=connections,
        max_overflow=0 if connections == 1 else _SQLITE_MORE_READERS,
        pool_timeout=settings.sqlalchemy_pool_timeout or 30,
        echo=settings.sqlalchemy_echo,
        json_serializer=_dumps,
        json_deserializer=orjson.loads,
        connect_args={"timeout": 10, "check_same_thread": False, "factory": sqlite_inline.InlineConnection},
    )

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver must not begin transactions of its own
        connection.begin = begin
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "cache_size=-2000"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    return engine
