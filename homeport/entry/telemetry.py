"""Turn on what watches this process: the error tracker and traces. After the fork, since each has a thread."""

from __future__ import annotations

import asyncio
import importlib
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from typing import Any

import structlog

from homeport.entry.fleet import ExtraMissing
from homeport.entry.settings import Settings
from homeport.entry.version import VERSION
from homeport.runtime.db.database import Database
from homeport.runtime.ops import faults, traces
from homeport.runtime.ops.meters import meters

log = structlog.get_logger(__name__)

_OPS = "homeport.runtime.ops"


@asynccontextmanager
async def watched(settings: Settings, database: Database) -> AsyncIterator[None]:
    """While the block lasts errors are told to Sentry and spans to a collector, where these are set.

    Without ENABLE_OTEL and SENTRY_DSN nothing is loaded. Raises a sentence where a package is missing or an address is
    none. What is left at the end is sent, but not waited for long.
    """
    last: list[Callable[[], None]] = []
    with ExitStack() as stack:
        try:
            if settings.telemetry.sentry_dsn is not None:
                last.append(_tell_sentry(stack, settings))
            if settings.telemetry.enable_otel:
                last += _trace(stack, settings, database)
            yield
        finally:
            await asyncio.gather(*(asyncio.to_thread(close) for close in last))


def _tell_sentry(stack: ExitStack, settings: Settings) -> Callable[[], None]:
    module = _load("sentry", "SENTRY_DSN is set", "sentry")
    release = f"homeport@{VERSION}" + (f"+{settings.deployment.commit_sha}" if settings.deployment.commit_sha else "")
    tracker = module.SentryTracker(
        settings.telemetry, release=release, environment=settings.deployment.deploy_env.lower()
    )
    faults.report_to(tracker)
    stack.callback(faults.report_to, None)
    close: Callable[[], None] = tracker.close
    return close


def _trace(stack: ExitStack, settings: Settings, database: Database) -> list[Callable[[], None]]:
    otel = _load("otel", "ENABLE_OTEL is true", "otel")
    telemetry = settings.telemetry
    resource = otel.Resource.create(
        {
            "service.name": telemetry.application_name,
            "service.version": VERSION,
            "service.instance.id": f"{socket.gethostname()}:{os.getpid()}",
            "deployment.environment.name": settings.deployment.deploy_env.lower(),
            "homeport.mode": settings.deployment.mode or "all",
        }
    )
    tracing = otel.OtelTracing(telemetry, resource)
    sql = _load("otel_sql", "ENABLE_OTEL is true", "otel")
    for engine in database.engines:
        stack.callback(sql.SqlSpans(tracing.tracer, engine.sync_engine).close)
    export = _load("otel_figures", "ENABLE_OTEL is true", "otel").FiguresExport(
        meters().registry,
        _load("otel_exporters", "ENABLE_OTEL is true", "otel").metric_exporter(telemetry),
        resource,
        interval=telemetry.otel_metric_export_interval / 1000,
        timeout=telemetry.otel_metric_export_timeout / 1000,
    )
    traces.turn_on(tracing)
    stack.callback(traces.turn_on, None)
    log.info("traces are on", share=telemetry.otel_sampling_rate)
    return [tracing.close, export.close]


def _load(name: str, reason: str, extra: str) -> Any:
    try:
        return importlib.import_module(f"{_OPS}.{name}")
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("homeport"):
            raise
        raise ExtraMissing(
            f"{reason}, which needs {error.name}, which is not installed.",
            hint=f"Install it: pip install 'homeport[{extra}]'.",
        ) from error
