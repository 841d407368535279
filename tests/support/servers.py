"""Real servers for tests: where they are, and an empty database or Redis on each, for this test process alone."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import asyncmy
import asyncpg
import pytest
from sqlalchemy.engine import URL, make_url

Result = TypeVar("Result")

_DEFAULT_POSTGRES = "postgresql://postgres@127.0.0.1:5432/postgres"
_DEFAULT_MYSQL = "mysql://root@127.0.0.1:3306"
_DEFAULT_REDIS = "redis://127.0.0.1:6379/15"
_CONNECT_SECONDS = 30
#: Ports that a system hands out by itself begin above all of these: one of those may be taken before it is bound.
_FIRST_PORT = 12_000
_PORTS_OF_A_WORKER = 2_000
_BLOCKS = 9


def missing(server: str, variable: str, address: str, reason: object) -> NoReturn:
    """Fail where every server must be there (CI, or its address was given); skip, saying why, anywhere else."""
    text = f"{server} does not answer at {address} ({reason}); set {variable} to the address of one"
    if os.environ.get("CI") == "true" or os.environ.get(variable):
        pytest.fail(text, pytrace=False)
    pytest.skip(text)


def own_name() -> str:
    """A database name no other test process has."""
    return f"homeport_test_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}_{os.getpid()}"


def wait_for(ready: Callable[[], bool], *, seconds: float = 15, what: str) -> None:
    """Ask again and again until `ready` says so; fail with `what` after `seconds`."""
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end:
            pytest.fail(f"{what} was not ready after {seconds} s", pytrace=False)
        time.sleep(0.02)


def _own_ports() -> Iterator[int]:
    """Those of this worker of pytest-xdist, round and round; each process begins elsewhere among them."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    first = _FIRST_PORT + worker % _BLOCKS * _PORTS_OF_A_WORKER
    begin = os.getpid() * 131  # processes that were started one after the other begin far from each other
    return itertools.cycle([first + (begin + step) % _PORTS_OF_A_WORKER for step in range(_PORTS_OF_A_WORKER)])


_PORTS = _own_ports()


def free_port() -> int:
    """A port on the loopback interface that was free a moment ago; another one each time."""
    for port in itertools.islice(_PORTS, _PORTS_OF_A_WORKER):
        with contextlib.suppress(OSError), socket.socket() as listener:
            listener.bind(("127.0.0.1", port))
            return port
    pytest.fail("no port is free", pytrace=False)


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A PostgreSQL server on which databases may be made and dropped."""

    admin: URL

    def empty_database(self, name: str) -> str:
        """Make database `name` anew; its address as SQLAlchemy has it."""
        _wait(self._execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", f"CREATE DATABASE {name}"))
        return self.admin.set(drivername="postgresql+asyncpg", database=name).render_as_string(hide_password=False)

    def drop(self, name: str) -> None:
        """Remove database `name`, whoever is connected."""
        _wait(self._execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))

    async def _execute(self, *statements: str) -> None:
        dsn = self.admin.set(drivername="postgresql").render_as_string(hide_password=False)
        connection = await asyncpg.connect(dsn, timeout=_CONNECT_SECONDS)
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()


@dataclass(frozen=True, slots=True)
class MysqlServer:
    """A MySQL or MariaDB server on which databases may be made and dropped."""

    admin: URL

    def empty_database(self, name: str) -> str:
        """Make database `name` anew; its address as SQLAlchemy has it."""
        _wait(self._execute(f"DROP DATABASE IF EXISTS {name}", f"CREATE DATABASE {name} CHARACTER SET utf8mb4"))
        address = self.admin.set(drivername="mysql+asyncmy", database=name, query={"charset": "utf8mb4"})
        return address.render_as_string(hide_password=False)

    def drop(self, name: str) -> None:
        """Remove database `name`."""
        _wait(self._execute(f"DROP DATABASE IF EXISTS {name}"))

    async def _execute(self, *statements: str) -> None:
        connection = await asyncmy.connect(
            host=self.admin.host or "127.0.0.1",
            port=self.admin.port or 3306,
            user=self.admin.username or "root",
            password=self.admin.password or "",
            connect_timeout=_CONNECT_SECONDS,
            autocommit=True,
        )
        try:
            async with connection.cursor() as cursor:
                await cursor.execute("SET SESSION sql_notes = 0")  # "does not exist" is no warning here
                for statement in statements:
                    await cursor.execute(statement)
        finally:
            connection.close()


def find_postgres() -> PostgresServer:
    """The server of HOMEPORT_TEST_POSTGRES, or the one on this machine's usual port."""
    address = os.environ.get("HOMEPORT_TEST_POSTGRES") or _DEFAULT_POSTGRES
    server = PostgresServer(make_url(address))
    try:
        server.drop(own_name())
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        missing("PostgreSQL", "HOMEPORT_TEST_POSTGRES", _hidden(address), error)
    return server


def find_mysql() -> MysqlServer:
    """The server of HOMEPORT_TEST_MYSQL, or the one on this machine's usual port."""
    address = os.environ.get("HOMEPORT_TEST_MYSQL") or _DEFAULT_MYSQL
    server = MysqlServer(make_url(address))
    try:
        server.drop(own_name())
    except (OSError, TimeoutError, asyncmy.errors.Error) as error:
        missing("MySQL or MariaDB", "HOMEPORT_TEST_MYSQL", _hidden(address), error)
    return server


@contextlib.contextmanager
def find_redis() -> Iterator[str]:
    """A Redis of this test process alone: HOMEPORT_TEST_REDIS, or a private server when the program is installed.

    The server on the usual port is only emptied and used in CI, where nobody keeps anything in it.
    """
    given = os.environ.get("HOMEPORT_TEST_REDIS")
    program = shutil.which("redis-server") or shutil.which("valkey-server")
    if not given and program:
        with _private_redis(program) as address:
            yield address
        return
    address = given or _DEFAULT_REDIS
    if not given and os.environ.get("CI") != "true":
        missing("Redis", "HOMEPORT_TEST_REDIS", address, "no redis-server program is installed")
    try:
        empty_redis(address)
    except OSError as error:
        missing("Redis", "HOMEPORT_TEST_REDIS", _hidden(address), error)
    yield address


def empty_redis(address: str) -> None:
    """Remove every key of the Redis database that `address` names."""
    url = make_url(address)
    with socket.create_connection((url.host or "127.0.0.1", url.port or 6379), timeout=_CONNECT_SECONDS) as connection:
        commands = [f"SELECT {url.database or 0}", "FLUSHDB"]
        if url.password:
            commands.insert(0, f"AUTH {url.password}")
        connection.sendall("".join(f"{command}\r\n" for command in commands).encode())
        answers = b""
        while answers.count(b"\r\n") < len(commands):
            received = connection.recv(4096)
            if not received:
                break
            answers += received
        if answers.count(b"+OK") != len(commands):
            raise OSError(f"it answered {answers.decode(errors='replace')!r}")


@contextlib.contextmanager
def _private_redis(program: str) -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="homeport-redis-") as folder:
        port = free_port()
        address = f"redis://127.0.0.1:{port}/0"
        options = ["--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no", "--dir", folder]
        with (Path(folder) / "log").open("wb") as log:
            process = subprocess.Popen([program, *options], stdout=log, stderr=log)
        try:
            wait_for(lambda: _answers(address), what=f"{program} on port {port}")
            yield address
        finally:
            process.terminate()
            process.wait(10)


def _answers(address: str) -> bool:
    try:
        empty_redis(address)
    except OSError:
        return False
    return True


def _hidden(address: str) -> str:
    return make_url(address).render_as_string(hide_password=True)


def _wait(work: Coroutine[Any, Any, Result]) -> Result:
    """Run `work` on a loop of its own, in a thread, so that the loop of the tests stays untouched."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()
