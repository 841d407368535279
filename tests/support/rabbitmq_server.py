"""A RabbitMQ for tests: a virtual host of this test process alone, on a server of this machine."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import amqp
import pytest

from homeport.runtime.tasks.queues import Queue
from tests.support.servers import missing

_DEFAULT = "amqp://guest:guest@127.0.0.1:5672/"
_VARIABLE = "HOMEPORT_TEST_RABBITMQ"
_CONNECT_SECONDS = 30


@dataclass(frozen=True, slots=True)
class RabbitServer:
    """Where it listens, and a virtual host on it."""

    host: str
    port: int
    user: str
    password: str
    virtual_host: str

    @property
    def address(self) -> str:
        """As CELERY_BROKER_URL has it."""
        return self.at(self.port)

    def at(self, port: int, password: str | None = None) -> str:
        """The same through another port of this machine, or with another password."""
        return f"amqp://{self.user}:{password or self.password}@{self.host}:{port}/{self.virtual_host}"

    def empty(self) -> None:
        """Remove the queues of jobs with all that waits in them."""
        with self._connected(self.virtual_host) as connection:
            for queue in Queue:
                with contextlib.suppress(amqp.exceptions.NotFound):
                    connection.channel().queue_delete(queue)

    def answers(self) -> Exception | None:
        """None when it lets us in, else what it says."""
        try:
            with self._connected("/"):
                return None
        except (OSError, amqp.exceptions.AMQPError) as error:
            return error

    def _connected(self, virtual_host: str) -> amqp.Connection:
        place = f"{self.host}:{self.port}"
        return amqp.Connection(
            place, self.user, self.password, virtual_host=virtual_host, connect_timeout=_CONNECT_SECONDS
        )


@contextmanager
def find_rabbitmq(virtual_host: str) -> Iterator[RabbitServer]:
    """The server of HOMEPORT_TEST_RABBITMQ, or the one on this machine's usual port, with a new virtual host."""
    parts = urlsplit(os.environ.get(_VARIABLE) or _DEFAULT)
    server = RabbitServer(
        parts.hostname or "127.0.0.1",
        parts.port or 5672,
        parts.username or "guest",
        parts.password or "guest",
        virtual_host,
    )
    error = server.answers()
    if error is not None:
        missing("RabbitMQ", _VARIABLE, f"{server.host}:{server.port}", error)
    if os.geteuid() != 0 or shutil.which("rabbitmqctl") is None:
        pytest.skip("a virtual host of our own on RabbitMQ is made by rabbitmqctl, which works for root only")
    _control("add_vhost", virtual_host)
    try:
        _control("set_permissions", "-p", virtual_host, server.user, ".*", ".*", ".*")
        yield server
    finally:
        _control("delete_vhost", virtual_host)


def _control(*words: str) -> None:
    done = subprocess.run(["rabbitmqctl", "-q", *words], capture_output=True, text=True, timeout=60, check=False)
    if done.returncode:
        pytest.fail(f"rabbitmqctl {' '.join(words)}: {done.stderr or done.stdout}", pytrace=False)
