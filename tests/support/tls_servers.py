"""Database servers that take nothing but TLS, started for one test."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.support.certificates import Certificate, make_certificate
from tests.support.servers import free_port, missing, wait_for

#: A database server does not run as root.
_LESSER_USER = "nobody"
_PATIENCE = 90.0


@contextmanager
def postgres_over_tls() -> Iterator[tuple[int, Certificate]]:
    """PostgreSQL for user postgres without a password; its port, and the certificate that vouches for it."""
    initdb, postgres = _program("PostgreSQL", "initdb"), _program("PostgreSQL", "postgres")
    with _folder() as (folder, user):
        certificate = _certificate(folder, user)
        data, port = folder / "data", free_port()
        make: list[str | Path] = [initdb, "-D", data, "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C"]
        _make("PostgreSQL", make, folder, user)
        (data / "pg_hba.conf").write_text("hostssl all all all trust\nhostnossl all all all reject\n")
        options = {
            "port": port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "fsync": "off",
            "ssl": "on",
            "ssl_cert_file": certificate.certificate,
            "ssl_key_file": certificate.key,
        }
        command: list[str | Path] = [postgres, "-D", data, *(f"--{name}={value}" for name, value in options.items())]
        with _running(command, folder, user, signal.SIGINT):
            asked: list[str | Path] = [_program("PostgreSQL", "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
            wait_for(
                lambda: subprocess.run(asked, check=False).returncode == 0,
                seconds=_PATIENCE,
                what="PostgreSQL over TLS",
            )
            yield port, certificate


@contextmanager
def mariadb_over_tls() -> Iterator[tuple[int, Certificate]]:
    """MariaDB for user tests with password `tests`, and its empty database `tests`."""
    install, server = _program("MariaDB", "mariadb-install-db"), _program("MariaDB", "mariadbd")
    with _folder() as (folder, user):
        certificate = _certificate(folder, user)
        data, port = folder / "data", free_port()
        mine = [f"--user={user}"] if user else []
        make: list[str | Path] = [install, "--no-defaults", f"--datadir={data}", "--skip-test-db", *mine]
        _make("MariaDB", [*make, "--auth-root-authentication-method=normal"], folder, None)
        (folder / "init.sql").write_text(
            "CREATE DATABASE tests CHARACTER SET utf8mb4;\n"
            "CREATE USER 'tests'@'%' IDENTIFIED BY 'tests' REQUIRE SSL;\n"
            "GRANT ALL ON tests.* TO 'tests'@'%';\n"
        )
        options = {
            "datadir": data,
            "port": port,
            "bind-address": "127.0.0.1",
            "socket": folder / "socket",
            "pid-file": folder / "pid",
            "init-file": folder / "init.sql",
            "ssl-cert": certificate.certificate,
            "ssl-key": certificate.key,
        }
        command: list[str | Path] = [server, "--no-defaults", *(f"--{name}={value}" for name, value in options.items())]
        with _running([*command, "--innodb-flush-log-at-trx-commit=0", *mine], folder, user, signal.SIGTERM) as log:
            wait_for(lambda: b"ready for connections" in log.read_bytes(), seconds=_PATIENCE, what="MariaDB over TLS")
            yield port, certificate


def _program(server: str, name: str) -> Path:
    debian = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    found = str(debian[-1]) if debian else shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if found is None:
        missing(f"{server} for TLS", "HOMEPORT_TEST_TLS_SERVERS", name, "the program is not installed")
    return Path(found)


@contextmanager
def _folder() -> Iterator[tuple[Path, str | None]]:
    user = _LESSER_USER if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="homeport-tls-"))
    try:
        _own(folder, user)
        yield folder, user
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _own(path: Path, user: str | None) -> None:
    if user is not None:
        os.chown(path, pwd.getpwnam(user).pw_uid, -1)


def _certificate(folder: Path, user: str | None) -> Certificate:
    certificate = make_certificate(folder)
    certificate.key.chmod(0o600)
    _own(certificate.key, user)
    return certificate


def _make(server: str, command: Sequence[str | Path], folder: Path, user: str | None) -> None:
    try:
        subprocess.run(command, check=True, user=user, cwd=folder, capture_output=True, timeout=_PATIENCE)
    except (OSError, subprocess.SubprocessError) as error:
        missing(f"{server} for TLS", "HOMEPORT_TEST_TLS_SERVERS", str(command[0]), error)


@contextmanager
def _running(command: Sequence[str | Path], folder: Path, user: str | None, end: signal.Signals) -> Iterator[Path]:
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, user=user, cwd=folder, stdout=output, stderr=output)
    try:
        yield log
    finally:
        process.send_signal(end)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)
