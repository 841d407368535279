"""Jobs reach their workers through each broker an operator may have: over TLS, behind Sentinels."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.certificates import make_certificate
from tests.support.house import visiting
from tests.support.indexing import add_documents, take_stock, wait_for_completed
from tests.support.processes import Installation
from tests.support.redis_servers import MASTER, PASSWORD, SENTINEL_PASSWORD, behind_sentinels, over_tls

pytestmark = [pytest.mark.process, pytest.mark.timeout(300)]


async def test_jobs_are_announced_over_tls(fleet: Installation, tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path)
    with over_tls(tmp_path / "broker", certificate, ask_for_ours=True) as broker:
        tls = {
            "CELERY_BROKER_URL": f"redis://localhost:{broker.port}/1",
            "BROKER_USE_SSL": "true",
            "REDIS_SSL_CERT_REQS": "CERT_REQUIRED",
            "REDIS_SSL_CA_CERTS": str(certificate.certificate),
            "REDIS_SSL_CERTFILE": str(certificate.certificate),
            "REDIS_SSL_KEYFILE": str(certificate.key),
        }
        _, address = fleet.api(**tls)
        worker = fleet.worker(**tls)
        async with visiting(address) as visitor:
            await visitor.set_up()
            dataset_id = await add_documents(visitor, 5)
            await wait_for_completed(visitor.console, dataset_id, 5)
        assert worker.terminate() == 0
    (await take_stock(fleet.settings)).assert_each_once(5)


async def test_jobs_go_on_when_the_master_of_the_broker_dies(fleet: Installation, tmp_path: Path) -> None:
    with behind_sentinels(tmp_path / "broker") as watched:
        addresses = watched.addresses.split(",")
        sentinel = {
            "CELERY_BROKER_URL": ";".join(f"sentinel://:{PASSWORD}@{address}/1" for address in addresses),
            "CELERY_USE_SENTINEL": "true",
            "CELERY_SENTINEL_MASTER_NAME": MASTER,
            "CELERY_SENTINEL_PASSWORD": SENTINEL_PASSWORD,
            "CELERY_SENTINEL_SOCKET_TIMEOUT": "3",
        }
        _, address = fleet.api(**sentinel)
        worker = fleet.worker(**sentinel)
        async with visiting(address) as visitor:
            await visitor.set_up()
            watched.master.kill()
            dataset_id = await add_documents(visitor, 20, "economy")
            await wait_for_completed(visitor.console, dataset_id, 20, seconds=180)
        assert worker.terminate() == 0
    (await take_stock(fleet.settings)).assert_each_once(20)
