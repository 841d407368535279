"""One set of promises over every broker an operator may have."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis

from tests.support.certificates import make_certificate
from tests.support.job_orders import order_desk
from tests.support.processes import Installation
from tests.support.rabbitmq_server import RabbitServer
from tests.support.redis_servers import (
    MASTER,
    PASSWORD,
    SENTINEL_PASSWORD,
    behind_sentinels,
    over_tls,
    redis_process,
    with_password,
)
from tests.support.tcp_gate import gate_before

pytestmark = [pytest.mark.process, pytest.mark.timeout(300)]


@dataclass(frozen=True, slots=True)
class Broker:
    """One that runs, and how it is named."""

    settings: dict[str, str]
    #: The same with a password that is none of its.
    wrong: dict[str, str]
    #: Let it be away for a moment; what it held may be lost.
    restart: Callable[[], None]


@contextmanager
def plain(folder: Path, _rabbit: Callable[[], RabbitServer]) -> Iterator[Broker]:
    """Redis with a password."""
    with ExitStack() as stack, ExitStack() as running:
        server = running.enter_context(with_password(folder))

        def restart() -> None:
            running.close()
            stack.enter_context(redis_process(folder, "--requirepass", PASSWORD, port=server.port))

        address = f"redis://:{{}}@127.0.0.1:{server.port}/1"
        yield Broker(
            {"CELERY_BROKER_URL": address.format(PASSWORD)}, {"CELERY_BROKER_URL": address.format("guess")}, restart
        )


@contextmanager
def tls(folder: Path, _rabbit: Callable[[], RabbitServer]) -> Iterator[Broker]:
    """Redis that speaks TLS alone and wants a certificate and a password."""
    folder.mkdir()
    certificate = make_certificate(folder)
    with ExitStack() as running:
        server = running.enter_context(over_tls(folder / "server", certificate, ask_for_ours=True))
        client = redis.Redis(
            port=server.port,
            ssl=True,
            ssl_cert_reqs="none",
            ssl_check_hostname=False,
            ssl_certfile=str(certificate.certificate),
            ssl_keyfile=str(certificate.key),
        )
        client.config_set("requirepass", PASSWORD)
        client.close()
        gate = running.enter_context(gate_before(server.port))

        def restart() -> None:
            gate.shut()
            gate.open()

        settings = {
            "CELERY_BROKER_URL": f"rediss://:{PASSWORD}@localhost:{gate.port}/1",
            "REDIS_SSL_CERT_REQS": "CERT_REQUIRED",
            "REDIS_SSL_CA_CERTS": str(certificate.certificate),
            "REDIS_SSL_CERTFILE": str(certificate.certificate),
            "REDIS_SSL_KEYFILE": str(certificate.key),
        }
        wrong = {**settings, "CELERY_BROKER_URL": f"rediss://:guess@localhost:{gate.port}/1"}
        yield Broker(settings, wrong, restart)


@contextmanager
def sentinel(folder: Path, _rabbit: Callable[[], RabbitServer]) -> Iterator[Broker]:
    """Redis behind Sentinels; instead of coming back, its master is replaced."""
    with behind_sentinels(folder) as watched:
        addresses = watched.addresses.split(",")
        settings = {
            "CELERY_BROKER_URL": ";".join(f"sentinel://:{PASSWORD}@{address}/1" for address in addresses),
            "CELERY_USE_SENTINEL": "true",
            "CELERY_SENTINEL_MASTER_NAME": MASTER,
            "CELERY_SENTINEL_PASSWORD": SENTINEL_PASSWORD,
            "CELERY_SENTINEL_SOCKET_TIMEOUT": "3",
        }
        wrong = ";".join(f"sentinel://:guess@{address}/1" for address in addresses)
        yield Broker(settings, {**settings, "CELERY_BROKER_URL": wrong}, watched.master.kill)


@contextmanager
def rabbitmq(_folder: Path, rabbit: Callable[[], RabbitServer]) -> Iterator[Broker]:
    """RabbitMQ, through a gate: the server is not ours to stop."""
    server = rabbit()
    server.empty()
    with gate_before(server.port) as gate:

        def restart() -> None:
            gate.shut()
            server.empty()
            gate.open()

        yield Broker(
            {"CELERY_BROKER_URL": server.at(gate.port)}, {"CELERY_BROKER_URL": server.at(gate.port, "guess")}, restart
        )


@pytest.fixture(
    params=[plain, tls, sentinel, pytest.param(rabbitmq, marks=pytest.mark.rabbitmq)], ids=lambda one: one.__name__
)
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Broker]:
    """Each in turn."""
    with request.param(tmp_path / "broker", lambda: request.getfixturevalue("rabbitmq_server")) as found:
        yield found


async def test_what_is_announced_a_worker_does(fleet: Installation, broker: Broker) -> None:
    fleet.settings |= broker.settings
    async with order_desk(fleet) as desk:
        worker = fleet.worker()
        await desk.order(*"abcdefgh")
        await desk.all_succeeded(8)
        assert worker.terminate() == 0


async def test_jobs_go_on_when_the_broker_was_away(fleet: Installation, broker: Broker) -> None:
    fleet.settings |= broker.settings
    async with order_desk(fleet) as desk:
        worker = fleet.worker()
        await desk.order("before", "meanwhile", held=True)
        await desk.began(2)
        broker.restart()
        worker.wait_until(lambda: worker.text.count("Connected to ") == 2, "it was connected again")
        desk.let_go()
        await desk.order(*"abcdefgh")
        await desk.all_succeeded(10, seconds=120)
        assert worker.terminate() == 0, worker.text


async def test_a_job_of_a_killed_worker_is_ended_once_by_another(fleet: Installation, broker: Broker) -> None:
    fleet.settings |= broker.settings
    async with order_desk(fleet) as desk:
        first = fleet.worker()
        await desk.order(*"abcd", held=True)
        await desk.began(4)
        first.kill()
        second = fleet.worker()
        desk.let_go()
        await desk.order(*"efgh")
        await desk.all_succeeded(8, seconds=120)  # its leases have run out after 30 seconds
        assert second.terminate() == 0
        processes = {note.process for note in desk.notes if note.what == "ended"}
        assert processes == {second.popen.pid}


def test_a_wrong_password_is_told_in_one_sentence(fleet: Installation, broker: Broker) -> None:
    worker = fleet.start("serve", MODE="worker", **broker.wrong)
    worker.says("assword")
    assert "Traceback" not in worker.text
