"""/metrics and /health of a process that serves no API, on a port of its own."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.applications import Starlette

from homeport.entry import health_pages, metrics
from homeport.entry.sample_figures import Figures
from homeport.entry.settings import Settings
from homeport.runtime.errors import HomeportError
from homeport.runtime.http import problems
from homeport.runtime.ops.health import Checks


class MetricsPortTaken(HomeportError):
    """METRICS_PORT cannot be listened on."""

    code = "port_taken"


class _Server(uvicorn.Server):
    """Leaves the signals to the process it is in."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def serving(settings: Settings, port: int, checks: Checks, figures: Figures) -> AsyncIterator[None]:
    """Serve while the block lasts; raises `MetricsPortTaken`."""
    app = Starlette(
        routes=[*health_pages.routes(settings.deployment.commit_sha), metrics.route(settings.telemetry.metrics_token)]
    )
    problems.install(app)
    app.state.checks, app.state.figures = checks, figures
    listener = _listen(settings.telemetry.metrics_bind_address, port)
    server = _Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", ws="none"))
    running = asyncio.create_task(server.serve([listener]))
    try:
        yield
    finally:
        server.should_exit = True
        await running


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise MetricsPortTaken(
            f"METRICS_PORT is {port}, which cannot be used on {host}: {(error.strerror or str(error)).lower()}.",
            hint="Choose another one, or another METRICS_BIND_ADDRESS.",
        ) from error
