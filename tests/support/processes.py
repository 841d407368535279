"""Whole processes, started as an operator starts them, watched from outside, and killed at the end."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from tests.support.servers import free_port

_REPOSITORY = Path(__file__).parents[2]
_START = "from homeport.entry.cli.main import main; main()"
#: Starting takes a second or two; on a machine that does a lot else, more.
_PATIENCE = 60.0
_INHERITED = ("PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV")


@dataclass(slots=True)
class Process:
    """A running `homeport` command."""

    popen: subprocess.Popen[bytes]
    log: Path

    @property
    def text(self) -> str:
        """Everything it has written so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def wait_until(self, happened: Callable[[], bool], what: str, seconds: float = _PATIENCE) -> None:
        """Look again and again; fail with what it wrote when it ends or takes too long."""
        end = time.monotonic() + seconds
        while not happened():
            if self.popen.poll() is not None:
                pytest.fail(f"it ended with {self.popen.returncode} before {what}:\n{self.text}", pytrace=False)
            if time.monotonic() > end:
                pytest.fail(f"{what} did not come in {seconds:.0f} s:\n{self.text[-5000:]}", pytrace=False)
            time.sleep(0.05)

    def says(self, words: str) -> None:
        """Wait until it has written `words`."""
        self.wait_until(lambda: words in self.text, f"it said {words!r}")

    def kill(self) -> None:
        """As a power cut or the kernel does: it, and what it has forked, end in the middle of what they do."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.popen.pid, signal.SIGKILL)
        self.popen.wait(10)

    def terminate(self, seconds: float = _PATIENCE) -> int:
        """As an operator does; answers the exit status."""
        self.popen.send_signal(signal.SIGTERM)
        return self.popen.wait(seconds)


@dataclass(slots=True)
class Installation:
    """Processes with the same settings, each under its own log."""

    folder: Path
    settings: dict[str, str] = field(default_factory=dict)
    #: What `homeport` is.
    program: Sequence[str] = (sys.executable, "-c", _START)
    processes: list[Process] = field(default_factory=list)

    def start(self, *arguments: str, **settings: str) -> Process:
        """Start `homeport <arguments>`; `settings` come on top of the common ones, in either case."""
        log = self.folder / f"{len(self.processes)}-{settings.get('MODE') or arguments[0]}.log"
        with log.open("wb") as output:
            popen = subprocess.Popen(
                [*self.program, *arguments],
                env=self.environment(settings),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        process = Process(popen, log)
        self.processes.append(process)
        return process

    def environment(self, settings: Mapping[str, str]) -> dict[str, str]:
        """Nothing but what is needed to run, and the settings."""
        inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        return {**inherited, "PYTHONPATH": str(_REPOSITORY), "PYTHONUNBUFFERED": "1", **self.settings, **settings}

    def up(self) -> tuple[Process, str]:
        """Start `homeport up`; answers its address once it is ready."""
        process = self.start("up", "--port", "0")
        process.says("Homeport is ready: ")
        return process, process.text.split("Homeport is ready: ")[1].split()[0]

    def api(self, **settings: str) -> tuple[Process, str]:
        """Start MODE=api; answers its address once it is ready."""
        port = free_port()
        process = self.start("serve", MODE="api", DIFY_BIND_ADDRESS="127.0.0.1", DIFY_PORT=str(port), **settings)
        address = f"http://127.0.0.1:{port}"
        process.wait_until(lambda: _is_ready(address), "the API was ready")
        return process, address

    def worker(self, **settings: str) -> Process:
        """Start MODE=worker; answers once it takes jobs."""
        process = self.start("serve", MODE="worker", **settings)
        process.says(" ready.")
        return process

    def beat(self) -> Process:
        """Start MODE=beat."""
        return self.start("serve", MODE="beat")

    def migrate(self) -> None:
        """Run MODE=migration to its end."""
        process = self.start("serve", MODE="migration")
        status = process.popen.wait(_PATIENCE)
        assert status == 0, process.text

    def end(self) -> None:
        """Kill what still runs."""
        for process in self.processes:
            process.kill()


@contextmanager
def installation(folder: Path, **settings: str) -> Iterator[Installation]:
    """Processes with these settings and a data directory of their own; killed at the end."""
    found = Installation(folder, {"HOMEPORT_DATA_DIR": str(folder / "data"), **settings})
    try:
        yield found
    finally:
        found.end()


def _is_ready(address: str) -> bool:
    try:
        return httpx.get(f"{address}/health/ready", timeout=5).status_code == 200
    except httpx.TransportError:
        return False
