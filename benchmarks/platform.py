"""A Homeport of its own for each measurement: started on a temporary directory, stopped and removed at the end."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

HOMEPORT = [sys.executable, "-m", "homeport"]


@dataclass
class Running:
    """A started Homeport with a signed-in administrator."""

    url: str
    pid: int
    data_dir: Path
    console: httpx.Client = field(repr=False)

    def pss_mb(self) -> float:
        """Memory of the process and its children in MB (proportional set size)."""
        total = 0
        for pid in [self.pid, *_children(self.pid)]:
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
            total += int(re.search(r"^Pss:\s+(\d+)", rollup, re.MULTILINE)[1])  # type: ignore[index]
        return total / 1024

    def cpu_seconds(self) -> float:
        """Processor time used so far: steady where wall time depends on what else the machine does."""
        return cpu_seconds(self.pid)

    def app_key(self, **app: object) -> str:
        """The key of a new chat app."""
        made = self.console.post("/apps", json={"name": "Benchmark", **app}).raise_for_status().json()
        return str(self.console.post(f"/apps/{made['id']}/api-keys", json={}).raise_for_status().json()["token"])

    def dataset_key(self) -> str:
        """A key for the datasets."""
        return str(self.console.post("/datasets/api-keys", json={}).raise_for_status().json()["token"])


def cpu_seconds(pid: int) -> float:
    """Processor time a process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def homeport(data_dir: Path | None = None, **environment: str) -> Iterator[Running]:
    """A running Homeport; on a new directory, with an administrator."""
    with tempfile.TemporaryDirectory(prefix="homeport-benchmark-") as made:
        folder = data_dir or Path(made)
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        process = subprocess.Popen(
            [*HOMEPORT, "up", "--port", str(port), "--data-dir", str(folder)],
            env=os.environ | {"LOG_LEVEL": "WARNING"} | environment,
            stdout=subprocess.DEVNULL,
        )
        try:
            wait_healthy(url)
            with httpx.Client(base_url=f"{url}/console/api", timeout=60) as console:
                sign_in(console)
                yield Running(url, process.pid, folder, console)
        finally:
            process.terminate()
            process.wait(20)


def sign_in(console: httpx.Client) -> None:
    """Make the administrator if there is none, and log in."""
    who = {"email": "bench@example.com", "password": "benchmark1"}
    if console.get("/setup").json()["step"] == "not_started":
        console.post("/setup", json=who | {"name": "Bench"}).raise_for_status()
    console.post("/login", json=who).raise_for_status()
    console.headers["X-CSRF-Token"] = console.cookies["csrf_token"]


def wait_healthy(url: str, seconds: float = 30) -> float:
    """Seconds until `/health` answers."""
    began = time.perf_counter()
    while time.perf_counter() - began < seconds:
        try:
            if httpx.get(f"{url}/health", timeout=1).status_code == 200:
                return time.perf_counter() - began
        except httpx.TransportError:
            time.sleep(0.01)
    message = f"{url} did not become healthy in {seconds} s"
    raise TimeoutError(message)


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [int(child) for child in listed.split()]


def wait_listening(port: int, seconds: float = 10) -> None:
    """Wait until somebody listens on `port`."""
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    message = f"nobody listens on {port}"
    raise TimeoutError(message)
