"""The image's entrypoint, run as a container runs it: each mode starts, works, and ends when it is asked to."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.processes import Installation, Process
from tests.support.redis_servers import PASSWORD, redis_process
from tests.support.servers import free_port, wait_for
from tests.support.source_tree import ROOT

pytestmark = [pytest.mark.process, pytest.mark.timeout(240)]

ENTRYPOINT = ROOT / "deploy" / "images" / "server" / "entrypoint.sh"


@pytest.fixture
def container(tmp_path: Path, fleet_settings: dict[str, str]) -> Iterator[Installation]:
    """Containers of the server on an empty database; `homeport` is found on the path, as in the image."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    settings = {
        **fleet_settings,
        "MIGRATION_ENABLED": "true",
        "PATH": path,
        "HOMEPORT_DATA_DIR": str(tmp_path / "data"),
    }
    found = Installation(tmp_path, settings, program=[str(ENTRYPOINT)])
    try:
        yield found
    finally:
        found.end()


def run(container: Installation, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """One command to its end."""
    return subprocess.run(
        [str(ENTRYPOINT), *arguments],
        env=container.environment(settings),
        cwd=container.folder,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


def start_api(container: Installation, **settings: str) -> tuple[Process, str]:
    port = free_port()
    api = container.start(MODE="api", DIFY_BIND_ADDRESS="127.0.0.1", DIFY_PORT=str(port), **settings)
    address = f"http://127.0.0.1:{port}"
    api.wait_until(lambda: readiness(address)[0] == 200, "the API was ready")
    return api, address


def readiness(address: str) -> tuple[int, dict[str, str]]:
    try:
        answer = httpx.get(f"{address}/health/ready", timeout=10)
    except httpx.TransportError:
        return 0, {}
    return answer.status_code, answer.json().get("checks", {})


def inspect(container: Installation, what: str) -> Any:
    """What the one worker answers to Celery's own command."""
    done = run(container, "celery", "-A", "homeport.entry.worker", "inspect", what, "--json", "-t", "10")
    assert done.returncode == 0, done.stderr
    [answer] = json.loads(done.stdout).values()
    return answer


def test_the_migration_ends_with_success_also_when_there_is_nothing_to_do(container: Installation) -> None:
    for said in ("database migrated", "database is up to date"):
        done = run(container, MODE="migration")
        assert (done.returncode, said in done.stderr) == (0, True), done.stderr


def test_a_migration_that_cannot_be_done_ends_with_failure_and_one_sentence(container: Installation) -> None:
    done = run(container, MODE="migration", DB_PORT=str(free_port()))
    assert done.returncode == 1
    [sentence] = [line for line in done.stderr.splitlines() if not line.startswith("{")]
    assert "does not answer" in sentence
    assert "Traceback" not in done.stderr


def test_the_api_migrates_becomes_ready_and_ends_at_a_signal(container: Installation) -> None:
    api, address = start_api(container, SERVER_WORKER_CLASS="gevent", SERVER_WORKER_AMOUNT="2")
    assert httpx.get(f"{address}/health", timeout=30).status_code == 200
    assert api.terminate() == 0
    assert api.text.count("the API is asynchronous, so its processes are uvicorn's") == 1


def test_a_worker_answers_celerys_own_questions(container: Installation) -> None:
    assert run(container, MODE="migration").returncode == 0
    worker = container.start(MODE="worker", CELERY_WORKER_CLASS="gevent", CELERY_QUEUES="dataset,mail")
    worker.says(" ready.")
    assert inspect(container, "ping") == {"ok": "pong"}
    assert inspect(container, "active") == []
    assert inspect(container, "registered") == ["homeport.run_job"]
    assert inspect(container, "stats")["pool"]["max-concurrency"] == 8
    assert {queue["name"] for queue in inspect(container, "active_queues")} == {"dataset", "mail"}
    assert worker.terminate() == 0
    assert worker.text.count("a worker's pool is threads or prefork") == 1


def test_a_beat_that_is_asked_to_stop_leaves_the_timetable_to_another(container: Installation) -> None:
    first = container.start(MODE="beat")
    first.says("on duty: ")
    second = container.start(MODE="beat", MIGRATION_ENABLED="false")
    assert first.terminate() == 0
    assert "beat has stopped" in first.text
    second.says("on duty: ")
    assert second.terminate() == 0


def test_commands_are_passed_on_with_their_exit_status(container: Installation) -> None:
    for arguments in (["homeport", "--version"], ["--version"]):
        done = run(container, *arguments, MODE="api")
        assert (done.returncode, done.stdout.startswith("homeport, version")) == (0, True)
    assert run(container, "sh", "-c", "exit 7").returncode == 7
    assert run(container, "no-such-command").returncode == 2


def test_a_job_is_one_command(container: Installation) -> None:
    done = run(container, "upgrade-db", MODE="job")
    assert (done.returncode, "The database is now at revision" in done.stdout) == (0, True), done.stderr
    nothing = run(container, MODE="job")
    assert nothing.returncode == 2
    assert nothing.stderr == "MODE=job runs one command, which must be given as arguments, such as: upgrade-db\n"


def test_an_unknown_mode_is_one_sentence(container: Installation) -> None:
    done = run(container, MODE="wroker")
    assert done.returncode == 1
    assert done.stderr.startswith("MODE is 'wroker' (from environment): accepted is 'api', 'worker', 'beat' or 'migrat")
    assert done.stderr.count("\n") == 1


def test_redis_is_part_of_readiness_where_it_is_named(container: Installation, tmp_path: Path) -> None:
    secret = ("--requirepass", PASSWORD)
    with redis_process(tmp_path / "redis", *secret) as server:
        redis = {"REDIS_HOST": "127.0.0.1", "REDIS_PORT": str(server.port), "REDIS_PASSWORD": PASSWORD}
        _, address = start_api(container, **redis)
        assert readiness(address)[1]["redis"] == "ok"
        server.kill()
        wait_for(lambda: readiness(address)[0] == 503, seconds=30, what="the API without Redis")
        status, checks = readiness(address)
        assert status == 503
        assert checks["redis"].startswith(f"Redis at 127.0.0.1:{server.port} ")
        assert {name for name, reason in checks.items() if reason != "ok"} == {"redis"}
    with redis_process(tmp_path / "again", *secret, port=server.port):
        wait_for(lambda: readiness(address)[0] == 200, seconds=30, what="the API with Redis")


def test_the_entrypoint_is_a_program_that_any_shell_reads() -> None:
    assert os.access(ENTRYPOINT, os.X_OK)
    for shell in ("sh", "bash"):
        assert subprocess.run([shell, "-n", str(ENTRYPOINT)], check=False).returncode == 0
