"""The way to the collector: OTLP over HTTP or gRPC, or onto the output."""

from __future__ import annotations

import importlib
from typing import Any

from opentelemetry.sdk.metrics.export import ConsoleMetricExporter, MetricExporter
from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SpanExporter

from homeport.runtime.errors import HomeportError
from homeport.runtime.ops.telemetry_settings import OtelSettings

_PACKAGES = "opentelemetry.exporter.otlp.proto"


class ExporterMissing(HomeportError):
    """The package for this way of export is not installed."""

    code = "extra_missing"


def span_exporter(settings: OtelSettings) -> SpanExporter:
    """Raises `ExporterMissing`."""
    if settings.otel_exporter_type != "otlp":
        return ConsoleSpanExporter()
    exporter: SpanExporter = _otlp(
        settings,
        "trace_exporter",
        "OTLPSpanExporter",
        settings.otlp_trace_endpoint,
        "/v1/traces",
        settings.otel_batch_export_timeout,
    )
    return exporter


def metric_exporter(settings: OtelSettings) -> MetricExporter:
    """Raises `ExporterMissing`."""
    if settings.otel_exporter_type != "otlp":
        return ConsoleMetricExporter()
    exporter: MetricExporter = _otlp(
        settings,
        "metric_exporter",
        "OTLPMetricExporter",
        settings.otlp_metric_endpoint,
        "/v1/metrics",
        settings.otel_metric_export_timeout,
    )
    return exporter


def _otlp(settings: OtelSettings, module: str, name: str, endpoint: str, path: str, timeout_ms: int) -> Any:
    key = settings.otlp_api_key.get_secret_value() if settings.otlp_api_key else ""
    grpc = settings.otel_exporter_otlp_protocol == "grpc"
    try:
        # gRPC is an extra of its own, and large: only where it is asked for.
        make = getattr(importlib.import_module(f"{_PACKAGES}.{'grpc' if grpc else 'http'}.{module}"), name)
    except ModuleNotFoundError as error:
        raise ExporterMissing(
            f"OTEL_EXPORTER_OTLP_PROTOCOL is {settings.otel_exporter_otlp_protocol!r}, which needs {error.name}.",
            hint=f"Install it: pip install 'homeport[{'otel-grpc' if grpc else 'otel'}]'.",
        ) from error
    if grpc:  # names of headers are written small there
        address = endpoint or settings.otlp_base_endpoint
        return make(
            endpoint=address,
            headers={"authorization": f"Bearer {key}"} if key else {},
            insecure=not address.startswith("https"),
            timeout=timeout_ms / 1000,
        )
    return make(
        endpoint=endpoint or settings.otlp_base_endpoint.rstrip("/") + path,
        headers={"Authorization": f"Bearer {key}"} if key else {},
        timeout=timeout_ms / 1000,
    )
