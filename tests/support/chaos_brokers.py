"""Brokers that may be killed: a private Redis, a private RabbitMQ, each on a free port of the loopback interface."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Protocol

import kombu
import pytest
import redis

from homeport.runtime.tasks.queues import Queue
from tests.support.redis_servers import redis_process
from tests.support.servers import free_port, wait_for

_PATIENCE = 60.0
_RABBITMQ = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")


class MortalBroker(Protocol):
    """A broker of one test."""

    address: str
    port: int

    def start(self) -> None:
        """Start it, empty, on the port it always has."""

    def kill(self) -> None:
        """As a power cut does; what it held is gone."""

    def empty(self) -> None:
        """Throw every message away, while it runs."""


class MortalRedis:
    """A redis-server that keeps nothing."""

    def __init__(self, folder: Path) -> None:
        """Starts nothing yet."""
        self.port = free_port()
        self.address = f"redis://127.0.0.1:{self.port}/0"
        self._folder = folder
        self._running = ExitStack()

    def start(self) -> None:
        """See `MortalBroker.start`."""
        self._running.enter_context(redis_process(self._folder, port=self.port))

    def kill(self) -> None:
        """See `MortalBroker.kill`."""
        self._running.close()  # by SIGKILL, too

    def empty(self) -> None:
        """See `MortalBroker.empty`."""
        with redis.Redis(port=self.port) as client:
            client.flushall()


class MortalRabbit:
    """A RabbitMQ node with a folder, a cookie and a port mapper of its own."""

    def __init__(self, folder: Path) -> None:
        """Starts nothing yet."""
        self.port = free_port()
        self.address = f"amqp://guest:guest@127.0.0.1:{self.port}//"
        self._folder = folder
        folder.mkdir(parents=True)
        (folder / "plugins").write_text("[].\n", encoding="ascii")
        (folder / "rabbitmq.conf").write_text(f"listeners.tcp.1 = 127.0.0.1:{self.port}\n", encoding="ascii")
        self._mapper_port = free_port()
        self._mapper: subprocess.Popen[bytes] | None = None
        self._node: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """See `MortalBroker.start`."""
        shutil.rmtree(self._folder / "data", ignore_errors=True)
        if self._mapper is None:
            port = str(self._mapper_port)
            self._mapper = subprocess.Popen(
                ["epmd", "-port", port, "-address", "127.0.0.1"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
        with (self._folder / "log").open("ab") as log:
            self._node = subprocess.Popen(
                [_RABBITMQ], env=self._environment(), cwd=self._folder, stdout=log, stderr=log, start_new_session=True
            )
        wait_for(self._answers, seconds=_PATIENCE, what=f"RabbitMQ on port {self.port}")

    def kill(self) -> None:
        """See `MortalBroker.kill`."""
        if self._node is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._node.pid, signal.SIGKILL)
            self._node.wait(10)

    def empty(self) -> None:
        """See `MortalBroker.empty`."""
        with kombu.Connection(self.address, connect_timeout=5) as connection:
            for name in Queue:
                with contextlib.suppress(*connection.channel_errors):  # nobody has made it yet
                    channel: Any = connection.channel()
                    channel.queue_purge(name)

    def end(self) -> None:
        """Leave nothing behind."""
        self.kill()
        if self._mapper is not None:
            self._mapper.kill()
            self._mapper.wait(10)

    def _answers(self) -> bool:
        try:
            with kombu.Connection(self.address, connect_timeout=2) as connection:
                connection.connect()
        except OSError:
            return False
        return True

    def _environment(self) -> dict[str, str]:
        folder = self._folder
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "RABBITMQ_NODENAME": "chaos@localhost",
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
            "RABBITMQ_CONF_ENV_FILE": os.devnull,
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
            "RABBITMQ_MNESIA_BASE": str(folder / "data"),
            "RABBITMQ_LOG_BASE": str(folder / "data"),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_DIST_PORT": str(free_port()),
            "ERL_EPMD_PORT": str(self._mapper_port),
        }


@contextmanager
def mortal_redis(folder: Path) -> Iterator[MortalRedis]:
    """Started; killed at the end."""
    broker = MortalRedis(folder)
    try:
        broker.start()
        yield broker
    finally:
        broker.kill()


@contextmanager
def mortal_rabbit(folder: Path) -> Iterator[MortalRabbit]:
    """Started; killed at the end. Where RabbitMQ is not installed, that is said."""
    if not _RABBITMQ.exists() or shutil.which("epmd") is None:
        text = f"there is no {_RABBITMQ}, and one that others use cannot be killed"
        if os.environ.get("CI") == "true":
            pytest.fail(text, pytrace=False)
        pytest.skip(text)
    broker = MortalRabbit(folder)
    try:
        broker.start()
        yield broker
    finally:
        broker.end()
