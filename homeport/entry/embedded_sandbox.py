"""The sandbox of one's own: where no CODE_EXECUTION_ENDPOINT is set, a child process that ends with this one.

It is started when code is first run, for it takes as much memory as everything that has no code to run should not pay.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import structlog

from homeport.backends.sandbox.client import SandboxClient
from homeport.backends.sandbox.errors import Misconfigured, Unsupported
from homeport.backends.sandbox.port import Place
from homeport.backends.sandbox.settings import SandboxSettings
from homeport.runtime.lazy_module import LazyModule

if TYPE_CHECKING:
    import httpx
else:
    httpx = LazyModule("httpx")

log = structlog.get_logger(__name__)

_START_SECONDS = 30.0
_STOP_SECONDS = 5.0
#: What of our environment the child gets: nothing of it is a secret, and what else is in ours is none of its business.
_HANDED_ON = (
    *("PATH", "LANG", "LC_ALL", "TZ", "TMPDIR", "PYTHONPATH"),
    *(
        "MAX_WORKERS",
        "MAX_REQUESTS",
        "WORKER_TIMEOUT",
        "ENABLE_NETWORK",
        "ENABLE_PRELOAD",
        "PYTHON_PATH",
        "NODEJS_PATH",
    ),
    *("ALLOWED_SYSCALLS", "SYSTEM_LIB_REQUIREMENTS", "PIP_MIRROR_URL", "PYTHON_DEPS_UPDATE_INTERVAL"),
    *("HTTP_PROXY", "HTTPS_PROXY", "SOCKS5_PROXY", "SANDBOX_MINIMUM_LEVEL", "SANDBOX_MEMORY_MB", "SANDBOX_OUTPUT_MB"),
    *(
        "SANDBOX_WORK_MB",
        "SANDBOX_WORK_DIR",
        "SANDBOX_DEPENDENCIES_DIR",
        "SANDBOX_STATE_DIR",
        "SANDBOX_PYTHON_POOL",
        "SANDBOX_NODE_POOL",
        "SANDBOX_CONFIG",
    ),
)
_ELSEWHERE = "Set CODE_EXECUTION_ENDPOINT to a sandbox service on Linux."


class EmbeddedSandbox:
    """Starts the child, finds it again, starts another when it has ended."""

    def __init__(self) -> None:
        """Starts nothing."""
        self._starting = asyncio.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._place: Place | None = None

    async def find(self) -> Place:
        """Where it listens. Raises `Unsupported` where the kernel cannot confine code, and `Misconfigured`."""
        async with self._starting:
            if self._place is None or self._process is None or self._process.poll() is not None:
                self._place = await self._start()
            return self._place

    async def close(self) -> None:
        """End the child."""
        process, self._process, self._place = self._process, None, None
        if process is None or process.poll() is not None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            await asyncio.to_thread(process.wait, _STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    async def _start(self) -> Place:
        if sys.platform != "linux":
            raise Unsupported(
                f"Code is run on Linux only, since it is confined by Linux' own means; this is {sys.platform}.",
                hint=_ELSEWHERE,
            )
        key = secrets.token_urlsafe(32)
        environment = {name: os.environ[name] for name in _HANDED_ON if os.environ.get(name)}
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen(128)
            port = listener.getsockname()[1]
            command = [
                sys.executable,
                "-m",
                "homeport_sandbox",
                "--quiet",
                "--fd",
                str(listener.fileno()),
                "--parent",
                str(os.getpid()),
            ]
            self._process = subprocess.Popen(  # noqa: ASYNC220, S603  returns at once; our own program
                command,
                env={**environment, "API_KEY": key},
                stdin=subprocess.DEVNULL,
                pass_fds=[listener.fileno()],
                start_new_session=True,
            )
        place = Place(f"http://127.0.0.1:{port}", key)
        await self._wait_for(place, self._process)
        log.info("the sandbox was started", address=place.endpoint, process=self._process.pid)
        return place

    async def _wait_for(self, place: Place, process: subprocess.Popen[bytes]) -> None:
        """The socket is open from the start: its first answer comes when the child is ready."""
        async with httpx.AsyncClient(timeout=_START_SECONDS, trust_env=False) as http:
            asking = asyncio.ensure_future(http.get(f"{place.endpoint}/health"))
            while not asking.done():
                await asyncio.wait([asking], timeout=0.1)
                if process.poll() is not None:
                    asking.cancel()
                    break
            try:
                await asking
            except (httpx.HTTPError, asyncio.CancelledError) as error:
                if process.poll() is None:
                    process.kill()
                    process.wait()
                raise Misconfigured(
                    f"The sandbox of this server did not start; it ended with {process.returncode}.",
                    hint="The log above says why. CODE_EXECUTION_ENDPOINT names another.",
                ) from error


class OpenSandbox(SandboxClient):
    """A client that ends the child it has started, if it has."""

    def __init__(self, settings: SandboxSettings) -> None:
        """Starts nothing and connects to nothing."""
        self._embedded = EmbeddedSandbox() if settings.code_execution_endpoint is None else None
        place = Place(settings.code_execution_endpoint or "", settings.code_execution_api_key.get_secret_value())

        async def named() -> Place:
            if not place.key:
                raise Misconfigured(
                    "CODE_EXECUTION_ENDPOINT names a sandbox and CODE_EXECUTION_API_KEY is empty.",
                    hint="Set it to the API_KEY of that sandbox.",
                )
            return place

        super().__init__(settings, named if self._embedded is None else self._embedded.find)

    async def close(self) -> None:
        """See `Sandbox.close`."""
        await super().close()
        if self._embedded is not None:
            await self._embedded.close()
