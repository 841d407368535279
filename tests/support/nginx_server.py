"""A real nginx on loopback, in front of something."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.servers import wait_for


def nginx_program() -> str:
    """Where nginx is; without it a skip, in CI a failure."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        reason = "nginx is not installed (on Debian: apt install nginx-light)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    return program


def as_this_user() -> list[str]:
    """Options by which the workers of an nginx that root starts may read what root has written for a test."""
    return ["-g", "user root;"] if os.geteuid() == 0 else []


def listens(port: int) -> bool:
    """Whether something takes connections on this port of the loopback interface."""
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def nginx(folder: Path, port: int, server: str) -> Iterator[str]:
    """An nginx with one server on `port`; `server` is what stands inside its braces. Yields its address."""
    program, configuration = nginx_program(), folder / "nginx.conf"
    places = " ".join(
        f"{name}_temp_path {folder}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    configuration.write_text(
        f"daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;\n"
        f"events {{ worker_connections 256; }}\n"
        f"http {{ access_log off; {places}\nserver {{ listen 127.0.0.1:{port};\n{server}\n}} }}\n"
    )
    command = [program, "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(configuration), *as_this_user()]
    with running(command, port, folder / "nginx.log"):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def running(command: list[str], port: int, log: Path, environment: dict[str, str] | None = None) -> Iterator[None]:
    """A program that listens on `port`, until the block ends."""
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=environment)
    try:
        wait_for(lambda: process.poll() is not None or listens(port), seconds=30, what=f"{command[0]} on port {port}")
        assert process.poll() is None, log.read_text(encoding="utf-8")
        yield
    finally:
        process.terminate()
        process.wait(30)
