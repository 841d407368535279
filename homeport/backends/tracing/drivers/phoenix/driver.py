"""Hands traces to Phoenix: OTLP at `/v1/traces`, the key as a bearer token, the project as a resource attribute.

https://arize.com/docs/phoenix/sdk-api-reference/python/arize-phoenix-otel
"""

from __future__ import annotations

import httpx

from homeport.backends.tracing.dialects.otlp.export import OtlpTracer
from homeport.backends.tracing.drivers.phoenix.spec import SPEC, PhoenixConfig


def open_driver(config: PhoenixConfig, http: httpx.AsyncClient) -> OtlpTracer:
    """A tracer into one project."""
    key = config.secrets().get("api_key")
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    resource = {"service.name": "homeport", "openinference.project.name": config.project}
    return OtlpTracer(SPEC.name, config, http, headers, resource)
