"""A process opens Redis where one is named, says in its readiness how it is, and closes it at its end."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from sqlalchemy.engine import make_url

from tests.support.house import open_test_house
from tests.support.redis_servers import wait_for_slow_answers
from tests.support.servers import free_port


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    wait_for_slow_answers(monkeypatch)


async def test_without_a_name_there_is_none(tmp_path: Path) -> None:
    async with open_test_house(tmp_path, set_up=False) as found:
        assert found.house.redis is None
        assert "redis" not in await found.house.checks.faults()


async def test_the_one_that_is_named_is_open_and_ready(tmp_path: Path, redis_url: str) -> None:
    url = make_url(redis_url)
    named = {
        "REDIS_HOST": url.host or "",
        "REDIS_PORT": str(url.port or 6379),
        "REDIS_DB": url.database or "0",
        "REDIS_PASSWORD": str(url.password or ""),
    }
    async with open_test_house(tmp_path, set_up=False, **named) as found:
        redis = found.house.redis
        assert redis is not None
        found.house.checks._patience = 30
        await redis.client.set("a", "b")
        assert (await found.house.checks.faults())["redis"] is None


async def test_one_that_does_not_answer_hinders_no_start_but_readiness(tmp_path: Path) -> None:
    port = str(free_port())
    async with open_test_house(tmp_path, set_up=False, REDIS_HOST="127.0.0.1", REDIS_PORT=port) as found:
        found.house.checks._patience = 30
        async with httpx.AsyncClient(transport=httpx.ASGITransport(found.app), base_url="http://house") as client:
            answer = await client.get("/health/ready")
        assert answer.status_code == 503
        checks = answer.json()["checks"]
        assert checks.pop("redis") == f"Redis at 127.0.0.1:{port} does not answer: connection refused."
        assert set(checks.values()) == {"ok"}


def test_the_client_library_is_loaded_only_where_one_is_named() -> None:
    look = "import sys, homeport.entry.wiring, homeport.entry.doctor; print('redis' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
