"""Several beats on one database: one is on duty, and another takes over when it is killed or stands still."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.chat_app import database_variables
from tests.support.processes import Installation, Process, installation

pytestmark = [pytest.mark.process, pytest.mark.timeout(240)]

ON_DUTY = "on duty: this beat works"


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


def working(beats: list[Process]) -> Process:
    """Wait until one says that it is on duty."""

    def anyone() -> bool:
        return any(ON_DUTY in beat.text for beat in beats)

    beats[0].wait_until(anyone, "a beat was on duty")
    [one] = [beat for beat in beats if ON_DUTY in beat.text]
    return one


def status(fleet: Installation) -> dict[str, Any]:
    done = subprocess.run(
        [*fleet.program, "beat", "status", "--json"],
        env=fleet.environment({}),
        cwd=fleet.folder,
        capture_output=True,
        timeout=60,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)["on_duty"]
    return found


def is_named(fleet: Installation, beat: Process) -> bool:
    duty = status(fleet)
    return f":{beat.popen.pid}:" in duty["holder"] and duty["alive"]


def test_when_the_beat_on_duty_is_killed_another_takes_over(beats: Installation) -> None:
    there = beats.processes[1:]
    first = working(there)
    assert is_named(beats, first)
    first.kill()
    there.remove(first)
    second = working(there)
    assert is_named(beats, second)
    assert second.terminate() == 0
    there.remove(second)
    third = working(there)
    assert is_named(beats, third)
    assert third.terminate() == 0
    assert status(beats) is None, "who leaves properly leaves nobody on duty"


def test_when_the_beat_on_duty_stands_still_with_its_connections_open_another_takes_over(beats: Installation) -> None:
    there = beats.processes[1:]
    first = working(there)
    os.kill(first.popen.pid, signal.SIGSTOP)
    there.remove(first)
    assert is_named(beats, working(there))
    os.kill(first.popen.pid, signal.SIGCONT)
    first.says("another beat is on duty now")
    # On a machine that stood still for seconds, the third may have taken over from the second meanwhile.
    assert any(is_named(beats, other) for other in there)
    for beat in (first, *there):
        assert beat.terminate() == 0
