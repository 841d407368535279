"""The sandbox service as a process of its own, as an operator starts it, on loopback.

In a container instead where these are set; pytest and container then share one network:
`HOMEPORT_TEST_SANDBOX_RUN="docker run --rm --interactive --network host --cap-drop ALL"`,
`HOMEPORT_TEST_SANDBOX_IMAGE=homeport/sandbox`.
"""

from __future__ import annotations

import os
import platform
import shlex
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.support.servers import wait_for
from tests.support.source_tree import ROOT

KEY = "a-key-for-tests"
_START = "from homeport_sandbox.main import main; main()"


def require_linux() -> None:
    """Skip where the kernel cannot confine code, and the service would refuse to run any."""
    if sys.platform != "linux" or platform.machine() not in ("x86_64", "aarch64"):
        pytest.skip("the sandbox needs Linux on x86-64 or 64-bit ARM")
    sys.path.insert(0, str(ROOT / "sandbox"))
    try:
        from homeport_sandbox.linux import landlock
    finally:
        sys.path.remove(str(ROOT / "sandbox"))
    if landlock.version() < 1:
        pytest.skip("this kernel does not offer Landlock (5.13 and newer do)")


def require_node() -> str:
    """The Node.js of this machine, of the kind that everybody may read."""
    found = shutil.which("node")
    if found is None:
        if os.environ.get("CI") == "true":
            pytest.fail("Node.js is not installed", pytrace=False)
        pytest.skip("Node.js is not installed")
    return str(Path(found).resolve())


def container_command(*options: str) -> list[str] | None:
    """How a container is run with `options`, the image included; None where none is asked for."""
    start, image = os.environ.get("HOMEPORT_TEST_SANDBOX_RUN"), os.environ.get("HOMEPORT_TEST_SANDBOX_IMAGE")
    return [*shlex.split(start), *options, image] if start and image else None


@contextmanager
def running_sandbox(log: Path, **settings: str) -> Iterator[httpx.Client]:
    """A started service and a client that sends its key; `settings` are its environment variables."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        environment = {"PATH": os.environ["PATH"], "API_KEY": KEY, "PYTHONPATH": str(ROOT / "sandbox"), **settings}
        command = [sys.executable, "-c", _START, "--fd", str(listener.fileno())]
        given = {"API_KEY": KEY, "SANDBOX_PORT": address.rpartition(":")[2], **settings}
        container = container_command(*(f"--env={name}={value}" for name, value in given.items()))
        if container is not None:
            listener.close()  # the container listens itself
            command, environment = container, dict(os.environ)
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                env=environment,
                cwd="/",
                stdout=output,
                stderr=output,
                pass_fds=[] if container else [listener.fileno()],
                start_new_session=True,
            )
    try:
        with httpx.Client(base_url=address, headers={"X-Api-Key": KEY}, timeout=60, trust_env=False) as client:
            wait_for(lambda: _answers(client, process, log), seconds=60, what=f"the sandbox ({log})")
            yield client
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(20)


def _answers(client: httpx.Client, process: subprocess.Popen[bytes], log: Path) -> bool:
    if process.poll() is not None:
        pytest.fail(f"the sandbox ended with {process.returncode}: {log.read_text()[-3000:]}", pytrace=False)
    try:
        return client.get("/health").status_code == 200
    except httpx.TransportError:
        return False
