"""Redis as operators run it: with a password, over TLS, behind Sentinels, as a cluster. Each server a process here."""

from __future__ import annotations

import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.support.certificates import Certificate
from tests.support.servers import free_port, missing, wait_for

PASSWORD = "secret-of-the-tests"
SENTINEL_PASSWORD = "another-secret"
MASTER = "mymaster"
_SLOTS = 16384
_PATIENCE = 30.0


def wait_for_slow_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the product wait longer: on a busy machine a Redis that is well may be later than operators want to wait."""
    for name in ("connect._CHECK_SECONDS", "connect._CONNECT_SECONDS", "connect._ANSWER_SECONDS"):
        monkeypatch.setattr(f"homeport.runtime.redis.{name}", _PATIENCE)
    monkeypatch.setattr("homeport.runtime.redis.broadcast._SEND_SECONDS", _PATIENCE)


@dataclass(slots=True)
class RedisProcess:
    """One server on the loopback interface."""

    port: int
    popen: subprocess.Popen[bytes]
    log: Path

    def kill(self) -> None:
        """As a power cut does."""
        self.popen.send_signal(signal.SIGKILL)
        self.popen.wait(10)


@contextmanager
def redis_process(
    folder: Path, *options: str, port: int = 0, file: Path | None = None, ready: redis.Redis | None = None
) -> Iterator[RedisProcess]:
    """Start redis-server in `folder`, by `file` if there is one; kill it at the end. `ready` asks for its answer."""
    program = shutil.which("redis-server")
    if program is None:
        missing("Redis", "HOMEPORT_TEST_REDIS", "127.0.0.1", "no redis-server program is installed")
    port = port or free_port()
    folder.mkdir(parents=True, exist_ok=True)
    plain = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(folder), "--port", str(port)]
    command = [program, *([str(file)] if file else plain), *options]
    log = folder / "log"
    with log.open("wb") as output:
        popen = subprocess.Popen(command, stdout=output, stderr=output)
    client = ready or redis.Redis(port=port)
    try:
        wait_for(lambda: _answers(client), seconds=_PATIENCE, what=f"redis-server of {folder}")
        yield RedisProcess(port, popen, log)
    finally:
        client.close()
        popen.kill()
        popen.wait(10)


def _answers(client: redis.Redis) -> bool:
    try:
        client.ping()
    except redis.AuthenticationError:
        return True
    except (redis.RedisError, OSError):
        return False
    return True


@contextmanager
def with_password(folder: Path) -> Iterator[RedisProcess]:
    """A server that wants `PASSWORD`, and knows a user `reader` who may do little."""
    options = ("--requirepass", PASSWORD, "--user", "reader", "on", ">read", "~*", "+ping")
    with redis_process(folder, *options) as server:
        yield server


@contextmanager
def over_tls(folder: Path, certificate: Certificate, *, ask_for_ours: bool = False) -> Iterator[RedisProcess]:
    """A server that speaks TLS alone; with `ask_for_ours` it wants a certificate that the same authority signed."""
    port = free_port()
    options = ["--port", "0", "--tls-port", str(port), "--tls-cert-file", str(certificate.certificate)]
    options += ["--tls-key-file", str(certificate.key), "--tls-ca-cert-file", str(certificate.certificate)]
    options += ["--tls-auth-clients", "yes" if ask_for_ours else "no"]
    ours = {"ssl_certfile": str(certificate.certificate), "ssl_keyfile": str(certificate.key)}
    ready = redis.Redis(port=port, ssl=True, ssl_cert_reqs="none", ssl_check_hostname=False, **ours)  # type: ignore[arg-type]
    with redis_process(folder, *options, ready=ready) as server:
        server.port = port
        yield server


@dataclass(slots=True)
class Watched:
    """A master and its replica behind three Sentinels, of which two decide."""

    master: RedisProcess
    replica: RedisProcess
    sentinels: list[RedisProcess]

    @property
    def addresses(self) -> str:
        """The Sentinels as REDIS_SENTINELS has them."""
        return ",".join(f"127.0.0.1:{one.port}" for one in self.sentinels)


@contextmanager
def behind_sentinels(folder: Path, *, watchers: int = 3, down_after: int = 1000) -> Iterator[Watched]:
    """Start them; master and replica want `PASSWORD`, the Sentinels `SENTINEL_PASSWORD`.

    A master that does not answer for `down_after` milliseconds is replaced: few only where it is to be.
    """
    secret = ("--requirepass", PASSWORD, "--masterauth", PASSWORD, "--repl-diskless-sync-delay", "0")
    with ExitStack() as stack:
        master = stack.enter_context(redis_process(folder / "master", *secret))
        follow = ("--replicaof", f"127.0.0.1 {master.port}")
        replica = stack.enter_context(redis_process(folder / "replica", *secret, *follow))
        with redis.Redis(port=replica.port, password=PASSWORD) as client:
            wait_for(lambda: _follows(client), seconds=_PATIENCE, what="the replica")
        sentinels = [
            stack.enter_context(_sentinel(folder / f"sentinel-{number}", master.port, watchers // 2 + 1, down_after))
            for number in range(watchers)
        ]
        for one in sentinels:
            with redis.Redis(port=one.port, password=SENTINEL_PASSWORD) as client:
                command(client, "SENTINEL DEBUG", "info-period", "200")  # it looks for replicas every 10 s otherwise
                wait_for(lambda: _sees(client, watchers - 1), seconds=_PATIENCE, what="a Sentinel that sees the others")
        yield Watched(master, replica, sentinels)


def _sentinel(folder: Path, master: int, quorum: int, down_after: int) -> AbstractContextManager[RedisProcess]:
    folder.mkdir(parents=True)
    file = folder / "sentinel.conf"
    port = free_port()
    lines = [
        f"sentinel monitor {MASTER} 127.0.0.1 {master} {quorum}",
        f'sentinel auth-pass {MASTER} "{PASSWORD}"',
        f'sentinel sentinel-pass "{SENTINEL_PASSWORD}"',
        f'requirepass "{SENTINEL_PASSWORD}"',
        f"sentinel down-after-milliseconds {MASTER} {down_after}",
        f"sentinel failover-timeout {MASTER} 5000",
        "bind 127.0.0.1",
        f"port {port}",
        f'dir "{folder}"',
    ]
    file.write_text("\n".join(lines) + "\n")
    return redis_process(folder, "--sentinel", port=port, file=file)


def _follows(client: redis.Redis) -> bool:
    return bool(client.info("replication").get("master_link_status") == "up")


def _sees(client: redis.Redis, others: int) -> bool:
    state: Any = client.sentinel_master(MASTER)
    return bool(state["num-other-sentinels"] == others and state["num-slaves"] == 1)


@contextmanager
def cluster(folder: Path, *, password: str | None = None) -> Iterator[list[RedisProcess]]:
    """Three nodes that share the slots."""
    with ExitStack() as stack:
        nodes: list[RedisProcess] = []
        buses = [free_port() for _ in range(3)]
        for number, bus in enumerate(buses):
            port = free_port()
            options = ["--cluster-enabled", "yes", "--cluster-port", str(bus), "--cluster-node-timeout", "5000"]
            if password:
                options += ["--requirepass", password, "--masterauth", password]
            ready = redis.Redis(port=port, password=password)
            where = folder / f"node-{number}"
            nodes.append(stack.enter_context(redis_process(where, *options, ready=ready, port=port)))
        clients = [stack.enter_context(redis.Redis(port=node.port, password=password)) for node in nodes]
        _share_slots(clients, nodes, buses)
        yield nodes


def command(client: redis.Redis, *words: object) -> Any:
    """What the server answers to any command."""
    run: Any = client.execute_command
    return run(*words)


def _share_slots(clients: Sequence[redis.Redis], nodes: Sequence[RedisProcess], buses: Sequence[int]) -> None:
    borders = [_SLOTS * number // len(clients) for number in range(len(clients) + 1)]
    for client, first, end in zip(clients, borders, borders[1:], strict=False):
        command(client, "CLUSTER ADDSLOTSRANGE", first, end - 1)
    for client in clients[1:]:
        command(client, "CLUSTER MEET", "127.0.0.1", nodes[0].port, buses[0])

    def all_agree() -> bool:
        states = [command(client, "CLUSTER INFO") for client in clients]
        return all(state["cluster_state"] == "ok" for state in states) and all(
            int(state["cluster_known_nodes"]) == len(clients) for state in states
        )

    wait_for(all_agree, seconds=_PATIENCE, what="the cluster")
