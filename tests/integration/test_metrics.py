"""Figures of whole processes: several API processes show one sum; workers and beat have a port of their own."""

from __future__ import annotations

import os
import signal
import socket
from pathlib import Path

import httpx
import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from tests.support.house import visiting
from tests.support.indexing import add_documents, wait_for_completed
from tests.support.processes import Installation, Process
from tests.support.servers import free_port

pytestmark = [pytest.mark.process, pytest.mark.timeout(240)]


def read(address: str) -> dict[str, Metric]:
    answer = httpx.get(f"{address}/metrics", timeout=20)
    assert answer.status_code == 200, answer.text
    return {family.name: family for family in text_string_to_metric_families(answer.text)}


def value(families: dict[str, Metric], name: str, **labels: str) -> float:
    [found] = [
        sample.value
        for family in families.values()
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    ]
    return found


def answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/health/ready", timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def find_processes(api: Process, address: str, number: int = 2) -> tuple[set[int], int]:
    """The ids of the processes that answer, and how many requests to /health it took to see them all."""
    pids: list[int] = []

    def all_seen() -> bool:  # each request on a connection of its own, so that every process gets some
        pids.append(httpx.get(f"{address}/health", timeout=20).json()["pid"])
        return len(set(pids)) == number

    api.wait_until(all_seen, f"{number} processes had answered")
    return set(pids), len(pids)


def times_asked(address: str) -> float:
    return value(read(address), "homeport_http_requests_total", route="/health", status="200")


def test_whichever_process_is_asked_shows_the_figures_of_all(fleet: Installation, tmp_path: Path) -> None:
    figures = tmp_path / "tmp"
    figures.mkdir()
    api, address = fleet.api(SERVER_WORKER_AMOUNT="2", TMPDIR=str(figures))
    pids, asked = find_processes(api, address)
    api.wait_until(lambda: times_asked(address) == asked, "the last request was counted")
    assert [times_asked(address) for _ in range(8)] == [asked] * 8
    families = read(address)
    memory = families["homeport_process_resident_memory_bytes"].samples
    assert {int(sample.labels["pid"]) for sample in memory} == pids
    assert value(families, "homeport_jobs_waiting", queue="dataset") == 0
    assert value(families, "homeport_database_up") == 1
    assert len(list(figures.glob("homeport-figures-*"))) == 1
    assert api.terminate() == 0
    assert list(figures.glob("homeport-figures-*")) == []


def test_a_process_that_has_ended_leaves_the_gauges_and_its_counts_stay(fleet: Installation) -> None:
    api, address = fleet.api(SERVER_WORKER_AMOUNT="2")
    pids, asked = find_processes(api, address)
    api.wait_until(lambda: times_asked(address) == asked, "the last request was counted")
    gone = min(pids)
    os.kill(gone, signal.SIGKILL)

    def replaced() -> bool:
        try:
            samples = read(address)["homeport_process_resident_memory_bytes"].samples
        except httpx.TransportError:  # the connection was given to the one that was killed
            return False
        shown = {int(sample.labels["pid"]) for sample in samples}
        return gone not in shown and len(shown) == 2

    api.wait_until(replaced, "another process took its place")
    assert times_asked(address) == asked


async def test_a_worker_and_beat_show_their_figures_and_health_on_a_port_of_their_own(fleet: Installation) -> None:
    _, address = fleet.api()
    ports = [free_port(), free_port()]
    worker = fleet.worker(METRICS_PORT=str(ports[0]), METRICS_BIND_ADDRESS="127.0.0.1")
    beat = fleet.start("serve", MODE="beat", METRICS_PORT=str(ports[1]), METRICS_BIND_ADDRESS="127.0.0.1")
    at_worker, at_beat = (f"http://127.0.0.1:{port}" for port in ports)
    worker.wait_until(lambda: answers(at_worker), "the worker was ready")
    beat.wait_until(lambda: answers(at_beat), "beat was ready")
    async with visiting(address) as visitor:
        await visitor.set_up()
        dataset_id = await add_documents(visitor, 2)
        await wait_for_completed(visitor.console, dataset_id, 2)

    def done() -> bool:
        counted = read(at_worker)["homeport_jobs_finished"].samples
        return sum(sample.value for sample in counted if sample.labels["outcome"] == "succeeded") >= 2

    worker.wait_until(done, "its jobs were counted")
    assert value(read(at_beat), "homeport_jobs_running", queue="dataset") == 0
    assert [status(f"{at_worker}{path}") for path in ("/health/startup", "/v1/info")] == [200, 404]
    assert [process.terminate() for process in (worker, beat)] == [0, 0]


def status(address: str) -> int:
    return httpx.get(address, timeout=20).status_code


def test_a_port_that_is_taken_is_said_in_one_sentence(fleet: Installation) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        worker = fleet.start("serve", MODE="worker", METRICS_PORT=str(port), METRICS_BIND_ADDRESS="127.0.0.1")
        assert worker.popen.wait(60) == 1
    assert f"METRICS_PORT is {port}, which cannot be used on 127.0.0.1" in worker.text
    assert "Traceback" not in worker.text
