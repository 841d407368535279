"""METRICS_PORT: what can be seen of a process that serves no API, a worker or beat."""

from __future__ import annotations

import importlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from homeport.entry.sample_figures import Figures
from homeport.entry.settings import Settings
from homeport.runtime.ops.health import Checks


@asynccontextmanager
async def watch_port(settings: Settings, checks: Checks, figures: Figures) -> AsyncIterator[None]:
    """Serve /metrics and /health while the block lasts, where METRICS_PORT is set; raises `MetricsPortTaken`."""
    port = settings.telemetry.metrics_port
    if port is None:
        yield
        return
    # A web server and its framework are a sixth of a worker's memory: loaded only when they are asked for.
    server = importlib.import_module("homeport.entry.watch_server")
    async with server.serving(settings, port, checks, figures):
        yield
