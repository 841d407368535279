"""Traces with the OpenTelemetry SDK. Loaded with ENABLE_OTEL only; made after the fork, since it has a thread.

Requests, jobs, SQL and model calls are traced by hooks of our own: the libraries' would name requests by their path,
cost a span per piece of a stream, and put the text of database errors into spans. Redis and httpx are the libraries'.
"""

from __future__ import annotations

import importlib
import importlib.util
import logging
import os
import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Any

import httpx
from opentelemetry import context as contexts
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.instrumentation.httpx import AsyncOpenTelemetryTransport, HTTPXClientInstrumentor, RequestInfo
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ParentBased, Sampler, SamplingResult, TraceIdRatioBased
from opentelemetry.trace import Link, SpanKind, Status, StatusCode, TraceState
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.types import Attributes

from homeport.runtime.ops import traces
from homeport.runtime.ops.otel_exporters import span_exporter
from homeport.runtime.ops.telemetry_settings import OtelSettings

#: Seconds that what is left may take to leave when the process stops; a dead collector must not hold it up.
FLUSH_SECONDS = 3.0

_KINDS = {
    "server": SpanKind.SERVER,
    "client": SpanKind.CLIENT,
    "producer": SpanKind.PRODUCER,
    "consumer": SpanKind.CONSUMER,
    "internal": SpanKind.INTERNAL,
}
_LIMITS = SpanLimits(max_attributes=64, max_attribute_length=2000)
_PROPAGATOR = TraceContextTextMapPropagator()


class _RequestsAndJobs(Sampler):
    """Traces begin with a request or a job: a statement of a timer has nothing to be part of."""

    def __init__(self, share: float) -> None:
        self._share = TraceIdRatioBased(share)

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,  # noqa: ARG002 - the SDK's signature
    ) -> SamplingResult:
        """As the SDK has it."""
        chosen = self._share if kind in (SpanKind.SERVER, SpanKind.CONSUMER) else ALWAYS_OFF
        return chosen.should_sample(parent_context, trace_id, name, kind, attributes, links)

    def get_description(self) -> str:
        """For people."""
        return f"RequestsAndJobs{{{self._share.get_description()}}}"


class OtelSpan:
    """A span of the SDK as `traces.Span`."""

    __slots__ = ("_span", "_token")

    def __init__(self, span: trace.Span) -> None:
        self._span = span
        self._token: Any = None

    def __enter__(self) -> OtelSpan:  # noqa: PYI034 - final in fact, and Self needs a newer checker here
        self._token = contexts.attach(trace.set_span_in_context(self._span))
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.leave()
        if isinstance(error, Exception):  # not a cancellation, nor the end of a generator
            self.fail(type(error).__name__)
        self._span.end()

    def note(self, **attributes: traces.Attribute) -> None:
        """See `traces.Span.note`."""
        if self._span.is_recording():
            self._span.set_attributes(_dotted(attributes))

    def rename(self, name: str) -> None:
        """See `traces.Span.rename`."""
        self._span.update_name(name)

    def fail(self, reason: str) -> None:
        """See `traces.Span.fail`."""
        self._span.set_attribute("error.type", reason)
        self._span.set_status(Status(StatusCode.ERROR, reason))

    def leave(self) -> None:
        """See `traces.Span.leave`."""
        if self._token is not None:
            contexts.detach(self._token)
            self._token = None


class OtelTracing:
    """`traces.Tracing` over the SDK."""

    def __init__(self, settings: OtelSettings, resource: Resource) -> None:
        """Starts the thread that exports."""
        self.provider = TracerProvider(
            sampler=ParentBased(_RequestsAndJobs(settings.otel_sampling_rate)),
            resource=resource,
            span_limits=_LIMITS,
            shutdown_on_exit=False,
        )
        self.provider.add_span_processor(
            BatchSpanProcessor(
                span_exporter(settings),
                max_queue_size=settings.otel_max_queue_size,
                schedule_delay_millis=settings.otel_batch_export_schedule_delay,
                max_export_batch_size=min(settings.otel_max_export_batch_size, settings.otel_max_queue_size),
                export_timeout_millis=settings.otel_batch_export_timeout,
            )
        )
        self.tracer = self.provider.get_tracer("homeport")
        # Each of its attempts is a warning; what counts is that it gave up.
        logging.getLogger("opentelemetry.exporter").setLevel(logging.ERROR)
        # The current names of attributes, where the libraries would still write the old ones.
        os.environ.setdefault("OTEL_SEMCONV_STABILITY_OPT_IN", "http,database")
        HTTPXClientInstrumentor().instrument(tracer_provider=self.provider, async_request_hook=_hide_query)
        self._redis: Any = None
        if importlib.util.find_spec("redis") is not None:
            module = importlib.import_module("opentelemetry.instrumentation.redis")
            self._redis = module.RedisInstrumentor()
            self._redis.instrument(tracer_provider=self.provider)

    def span(
        self, name: str, kind: traces.Kind, parent: str | None, attributes: dict[str, traces.Attribute]
    ) -> OtelSpan:
        """See `traces.span`."""
        # Requests and jobs are part of what caused them, or of nothing; never of what this process did before.
        base = Context() if kind in ("server", "consumer") else contexts.get_current()
        context = _PROPAGATOR.extract({"traceparent": parent}, base) if parent else base
        return OtelSpan(self.tracer.start_span(name, context, _KINDS[kind], attributes=_dotted(attributes)))

    def traceparent(self) -> str | None:
        """See `traces.traceparent`."""
        found = trace.get_current_span().get_span_context()
        return f"00-{found.trace_id:032x}-{found.span_id:016x}-{found.trace_flags:02x}" if found.is_valid else None

    def ids(self) -> tuple[str, str] | None:
        """See `traces.ids`."""
        found = trace.get_current_span().get_span_context()
        return (f"{found.trace_id:032x}", f"{found.span_id:016x}") if found.is_valid else None

    def over(self, transport: httpx.AsyncBaseTransport) -> httpx.AsyncBaseTransport:
        """See `traces.over`."""
        return AsyncOpenTelemetryTransport(transport, tracer_provider=self.provider, request_hook=_hide_query)

    def close(self) -> None:
        """Send what is left, for at most `FLUSH_SECONDS`. Blocks."""
        HTTPXClientInstrumentor().uninstrument()
        if self._redis is not None:
            self._redis.uninstrument()
        # In a thread that the end of the process does not wait for: the exporter may be in the middle of its patience.
        ending = threading.Thread(target=self.provider.shutdown, name="last spans", daemon=True)
        ending.start()
        ending.join(FLUSH_SECONDS)


async def _hide_query(span: trace.Span, request: RequestInfo) -> None:
    """Addresses without their query, in which keys and signatures stand, and without a user."""
    url = httpx.URL(str(request.url)) if not isinstance(request.url, httpx.URL) else request.url
    span.set_attribute("url.full", str(url.copy_with(query=None, fragment=None, userinfo=b"")))


def _dotted(attributes: dict[str, traces.Attribute]) -> dict[str, traces.Attribute]:
    return {name.replace("__", "."): value for name, value in attributes.items()}
