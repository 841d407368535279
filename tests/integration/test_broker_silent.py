"""A broker whose connection is there and says nothing: after a network was parted, or a firewall forgot it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.job_orders import order_desk
from tests.support.processes import Installation
from tests.support.rabbitmq_server import RabbitServer
from tests.support.redis_servers import redis_process
from tests.support.tcp_gate import TcpGate, gate_before

pytestmark = [pytest.mark.process, pytest.mark.timeout(300)]

#: Seconds until a worker has noticed, at most.
_NOTICED = 120.0


async def test_a_worker_leaves_a_redis_that_says_nothing(fleet: Installation, tmp_path: Path) -> None:
    with redis_process(tmp_path / "broker") as server, gate_before(server.port) as gate:
        await go_on_after_silence(fleet, gate, f"redis://127.0.0.1:{gate.port}/0")


@pytest.mark.rabbitmq
async def test_a_worker_leaves_a_rabbitmq_that_says_nothing(fleet: Installation, rabbitmq_server: RabbitServer) -> None:
    rabbitmq_server.empty()
    with gate_before(rabbitmq_server.port) as gate:
        await go_on_after_silence(fleet, gate, rabbitmq_server.at(gate.port))


async def go_on_after_silence(fleet: Installation, gate: TcpGate, address: str) -> None:
    fleet.settings["CELERY_BROKER_URL"] = address
    async with order_desk(fleet) as desk:
        worker = fleet.worker()
        await desk.order("before", "meanwhile", held=True)
        await desk.began(2)
        gate.silence()
        desk.let_go()
        await desk.order(*"abcd")
        await desk.all_succeeded(6, seconds=_NOTICED)
        assert worker.terminate() == 0, worker.text
