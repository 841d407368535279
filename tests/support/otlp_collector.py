"""An OpenTelemetry collector on loopback that keeps what it is sent, over HTTP or gRPC."""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import grpc  # type: ignore[import-untyped]
import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2_grpc import (
    MetricsServiceServicer,
    add_MetricsServiceServicer_to_server,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import (
    TraceServiceServicer,
    add_TraceServiceServicer_to_server,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric


@dataclass(frozen=True, slots=True)
class SeenSpan:
    """A span as it arrived."""

    name: str
    kind: int
    trace_id: str
    span_id: str
    parent_id: str
    attributes: dict[str, Any]
    resource: dict[str, Any]
    #: 0 nothing said, 1 well, 2 an error; and the sentence about it.
    status: int
    message: str
    seconds: float


@dataclass(slots=True)
class Collector:
    """What has arrived so far."""

    address: str = ""
    spans: list[SeenSpan] = field(default_factory=list)
    metrics: dict[str, Metric] = field(default_factory=dict)
    headers: list[dict[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    def named(self, name: str) -> list[SeenSpan]:
        """All spans with this name."""
        return [span for span in self.spans if span.name == name]

    def wait_for(self, name: str, number: int = 1, seconds: float = 30) -> list[SeenSpan]:
        """Wait until so many spans with this name have come."""
        end = time.monotonic() + seconds
        while len(self.named(name)) < number:
            if time.monotonic() > end:
                seen = sorted({span.name for span in self.spans})
                pytest.fail(f"no span {name!r} came in {seconds:.0f} s; there are {seen}", pytrace=False)
            time.sleep(0.05)
        return self.named(name)

    def trace(self, trace_id: str) -> list[SeenSpan]:
        """All spans of a trace."""
        return [span for span in self.spans if span.trace_id == trace_id]

    def ancestors(self, span: SeenSpan) -> list[str]:
        """Names of the spans this one is within, the nearest first."""
        by_id = {one.span_id: one for one in self.spans}
        names = []
        while span.parent_id in by_id:
            span = by_id[span.parent_id]
            names.append(span.name)
        return names

    @property
    def texts(self) -> str:
        """Every name, attribute and sentence that arrived, in one text."""
        return "\n".join(f"{span.name} {span.attributes} {span.message}" for span in self.spans)

    def take_spans(self, request: ExportTraceServiceRequest) -> None:
        """Keep them."""
        for group in request.resource_spans:
            resource = _values(group.resource.attributes)
            for scope in group.scope_spans:
                for span in scope.spans:
                    self.spans.append(
                        SeenSpan(
                            name=span.name,
                            kind=span.kind,
                            trace_id=span.trace_id.hex(),
                            span_id=span.span_id.hex(),
                            parent_id=span.parent_span_id.hex(),
                            attributes=_values(span.attributes),
                            resource=resource,
                            status=span.status.code,
                            message=span.status.message + "".join(str(event) for event in span.events),
                            seconds=(span.end_time_unix_nano - span.start_time_unix_nano) / 1e9,
                        )
                    )

    def take_metrics(self, request: ExportMetricsServiceRequest) -> None:
        """Keep the latest of each name."""
        for group in request.resource_metrics:
            for scope in group.scope_metrics:
                for metric in scope.metrics:
                    self.metrics[metric.name] = metric


def _values(pairs: Any) -> dict[str, Any]:
    found: list[KeyValue] = list(pairs)
    return {pair.key: _value(pair.value) for pair in found}


def _value(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    return getattr(value, kind) if kind else None


@contextmanager
def http_collector(*, status: int = 200) -> Iterator[Collector]:
    """A collector that speaks OTLP over HTTP; `status` is what it answers to everything."""
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            collector.headers.append({name.lower(): value for name, value in self.headers.items()})
            collector.paths.append(self.path)
            if self.path.endswith("traces"):
                collector.take_spans(ExportTraceServiceRequest.FromString(body))
            else:
                collector.take_metrics(ExportMetricsServiceRequest.FromString(body))
            self.send_response(status)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    collector.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield collector
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def grpc_collector() -> Iterator[Collector]:
    """A collector that speaks OTLP over gRPC."""
    collector = Collector()

    def note(context: Any) -> None:
        collector.headers.append({name: str(value) for name, value in context.invocation_metadata()})

    class Traces(TraceServiceServicer):
        def Export(self, request: Any, context: Any) -> ExportTraceServiceResponse:  # noqa: N802 - gRPC's name
            note(context)
            collector.take_spans(request)
            return ExportTraceServiceResponse()

    class Metrics(MetricsServiceServicer):
        def Export(self, request: Any, context: Any) -> ExportMetricsServiceResponse:  # noqa: N802
            note(context)
            collector.take_metrics(request)
            return ExportMetricsServiceResponse()

    server = grpc.server(ThreadPoolExecutor(2))
    add_TraceServiceServicer_to_server(Traces(), server)  # type: ignore[no-untyped-call]
    add_MetricsServiceServicer_to_server(Metrics(), server)  # type: ignore[no-untyped-call]
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    collector.address = f"http://127.0.0.1:{port}"
    try:
        yield collector
    finally:
        server.stop(1).wait()
