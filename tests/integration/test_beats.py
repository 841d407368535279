"""Several beats on one database: one is on duty, and another takes over when it is killed or stands still."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.chat_app import database_variables
from tests.support.processes import Installation, Process, installation

pytestmark = [pytest.mark.process, pytest.mark.timeout(240)]


@pytest.fixture(
    params=[pytest.param("postgres", marks=pytest.mark.postgres), pytest.param("mysql", marks=pytest.mark.mysql)]
)
def beats(request: pytest.FixtureRequest, tmp_path: Path, redis_url: str) -> Iterator[Installation]:
    """Three beats on each database that a fleet may have."""
    settings = {
        **database_variables(request.getfixturevalue(f"{request.param}_url")),
        "SECRET_KEY": "one key for every process of the fleet",
        "CELERY_BROKER_URL": redis_url,
        "VECTOR_STORE": "pgvector",  # a beat opens none
        "PGVECTOR_HOST": "127.0.0.1",
        "PGVECTOR_USER": "nobody",
        "PGVECTOR_DATABASE": "nothing",
        "MIGRATION_ENABLED": "false",
    }
    with installation(tmp_path, **settings) as found:
        found.migrate()
        for _ in range(3):
            found.beat()
        yield found


def on_duty(fleet: Installation, beats: list[Process]) -> Process:
    """Wait until the row names one of these, alive. A machine that stands still for seconds may change which."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        duty = status(fleet)
        for beat in beats:
            if duty is not None and duty["alive"] and f":{beat.popen.pid}:" in duty["holder"]:
                return beat
    pytest.fail(f"none of them is on duty: {status(fleet)}")


def status(fleet: Installation) -> dict[str, Any] | None:
    done = subprocess.run(
        [*fleet.program, "beat", "status", "--json"],
        env=fleet.environment({}),
        cwd=fleet.folder,
        capture_output=True,
        timeout=60,
        check=True,
    )
    found: dict[str, Any] | None = json.loads(done.stdout)["on_duty"]
    return found


def test_when_the_beat_on_duty_is_killed_another_takes_over(beats: Installation) -> None:
    there = beats.processes[1:]
    first = on_duty(beats, there)
    first.kill()
    there.remove(first)
    second = on_duty(beats, there)
    assert second.terminate() == 0
    there.remove(second)
    third = on_duty(beats, there)
    assert third.terminate() == 0
    assert status(beats) is None, "who leaves properly leaves nobody on duty"


def test_when_the_beat_on_duty_stands_still_with_its_connections_open_another_takes_over(beats: Installation) -> None:
    there = beats.processes[1:]
    first = on_duty(beats, there)
    os.kill(first.popen.pid, signal.SIGSTOP)
    there.remove(first)
    on_duty(beats, there)
    os.kill(first.popen.pid, signal.SIGCONT)
    first.says("another beat is on duty now")
    on_duty(beats, there)
    for beat in (first, *there):
        assert beat.terminate() == 0
