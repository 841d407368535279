"""Metrics, traces and the error tracker."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, PositiveInt, SecretStr, field_validator

from homeport.runtime.config.section import Section


class OtelSettings(Section):
    """Traces and figures for an OpenTelemetry collector. All off without ENABLE_OTEL."""

    enable_otel: bool = Field(False, description="Send traces and metrics to an OpenTelemetry collector.")
    application_name: str = Field("homeport", description="Name of this installation in traces and metrics.")
    otel_exporter_type: str = Field("otlp", description="otlp; anything else prints spans and metrics to the output.")
    otel_exporter_otlp_protocol: Literal["http", "http/protobuf", "grpc"] = Field(
        "http", description="How the collector is spoken to: http or grpc."
    )
    otlp_base_endpoint: str = Field(
        "http://localhost:4318", description="Address of the collector; for http, /v1/traces and /v1/metrics are added."
    )
    otlp_trace_endpoint: str = Field("", description="Whole address for traces, instead of OTLP_BASE_ENDPOINT.")
    otlp_metric_endpoint: str = Field("", description="Whole address for metrics, instead of OTLP_BASE_ENDPOINT.")
    otlp_api_key: SecretStr | None = Field(None, description="Sent to the collector as a bearer token.")
    otel_sampling_rate: float = Field(
        0.1, ge=0, le=1, description="Share of traces that begin here and are kept; others follow their caller."
    )
    otel_batch_export_schedule_delay: PositiveInt = Field(5000, description="Milliseconds between exports of spans.")
    otel_batch_export_timeout: PositiveInt = Field(10000, description="Milliseconds an export of spans may take.")
    otel_max_export_batch_size: PositiveInt = Field(512, description="Most spans of one export.")
    otel_max_queue_size: PositiveInt = Field(2048, description="Spans that wait for export; more are dropped.")
    otel_metric_export_interval: PositiveInt = Field(60000, description="Milliseconds between exports of metrics.")
    otel_metric_export_timeout: PositiveInt = Field(30000, description="Milliseconds an export of metrics may take.")

    @field_validator("otel_exporter_type", "otel_exporter_otlp_protocol", mode="before")
    @classmethod
    def _in_small_letters(cls, text: object) -> object:
        return text.lower() if isinstance(text, str) else text


class MetricsSettings(Section):
    """Who may read /metrics, and where processes without an API show it."""

    metrics_token: SecretStr | None = Field(
        None, description="With it, /metrics wants it as a bearer token; without, only private addresses are answered."
    )
    metrics_port: int | None = Field(
        None, ge=1, le=65535, description="Port on which a worker or beat shows /metrics and /health; none when unset."
    )
    metrics_bind_address: str = Field("0.0.0.0", description="Listen address of METRICS_PORT.")  # noqa: S104


class SentrySettings(Section):
    """The error tracker."""

    sentry_dsn: SecretStr | None = Field(None, description="Address of a Sentry project for unexpected errors.")
    sentry_traces_sample_rate: float = Field(1.0, ge=0, le=1, description="Share of requests and jobs Sentry times.")
    sentry_profiles_sample_rate: float = Field(1.0, ge=0, le=1, description="Share of those it profiles too.")


class TelemetrySettings(OtelSettings, MetricsSettings, SentrySettings):
    """All of it."""
