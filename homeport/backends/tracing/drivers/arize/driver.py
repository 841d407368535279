"""Hands traces to Arize AX: OTLP at `/v1/traces`, let in by the key and the id of the space.

https://arize.com/docs/ax/integrations/opentelemetry/opentelemetry-arize-otel
"""

from __future__ import annotations

import httpx

from homeport.backends.tracing.dialects.otlp.export import OtlpTracer
from homeport.backends.tracing.drivers.arize.spec import SPEC, ArizeConfig


def open_driver(config: ArizeConfig, http: httpx.AsyncClient) -> OtlpTracer:
    """A tracer into one project of a space."""
    key = config.secrets()["api_key"]
    # Each name in its present and in its former spelling, as the service's own library sends them.
    headers = {"authorization": key, "api_key": key, "arize-space-id": config.space_id, "space_id": config.space_id}
    resource = {
        "service.name": "homeport",
        "arize.project.name": config.project,
        "openinference.project.name": config.project,
        "model_id": config.project,
    }
    return OtlpTracer(SPEC.name, config, http, headers, resource)
