"""Hands traces to any receiver of OTLP over HTTP: a collector, or one of the many services that take it."""

from __future__ import annotations

import httpx

from homeport.backends.tracing.dialects.otlp.export import OtlpTracer
from homeport.backends.tracing.drivers.otlp.spec import SPEC, OtlpConfig, read_headers


def open_driver(config: OtlpConfig, http: httpx.AsyncClient) -> OtlpTracer:
    """A tracer that sends the given headers."""
    headers = read_headers(config.secrets().get("headers", ""))
    return OtlpTracer(SPEC.name, config, http, headers, {"service.name": config.service_name})
