"""The figures of `meters` for an OpenTelemetry collector: the same names and values as at /metrics."""

from __future__ import annotations

import threading
import time
from collections import defaultdict

import structlog
from opentelemetry.sdk.metrics import export as sdk
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric

log = structlog.get_logger(__name__)

_UNITS = (("_seconds", "s"), ("_bytes", "By"))
_SCOPE = InstrumentationScope("homeport")
_CLOSE_SECONDS = 3.0

Labels = tuple[tuple[str, str], ...]


class FiguresExport:
    """A thread that sends the figures at an interval; a collector that is gone costs a log line."""

    def __init__(
        self,
        registry: CollectorRegistry,
        exporter: sdk.MetricExporter,
        resource: Resource,
        *,
        interval: float,
        timeout: float,
    ) -> None:
        """Starts at once. `interval` and `timeout` in seconds."""
        self._registry = registry
        self._exporter = exporter
        self._resource = resource
        self._interval = interval
        self._timeout = timeout
        self._began = time.time_ns()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._forever, name="figures", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Send once more and stop; gives up after some seconds. Blocks."""
        self._closing.set()
        self._thread.join(_CLOSE_SECONDS)

    def _forever(self) -> None:
        while not self._closing.wait(self._interval):
            self._send()
        self._send()
        self._exporter.shutdown()

    def _send(self) -> None:
        data = figures(self._registry, self._resource, self._began, time.time_ns())
        # The exporter never raises: it logs what went wrong.
        self._exporter.export(data, timeout_millis=self._timeout * 1000)


def figures(registry: CollectorRegistry, resource: Resource, began: int, now: int) -> sdk.MetricsData:
    """Everything in `registry` as the SDK has it; times in nanoseconds since 1970."""
    metrics = [_metric(family, began, now) for family in registry.collect() if family.samples]
    scope = sdk.ScopeMetrics(scope=_SCOPE, metrics=metrics, schema_url="")
    return sdk.MetricsData(
        resource_metrics=[sdk.ResourceMetrics(resource=resource, scope_metrics=[scope], schema_url="")]
    )


def _metric(family: Metric, began: int, now: int) -> sdk.Metric:
    unit = next((unit for ending, unit in _UNITS if family.name.endswith(ending)), "1")
    return sdk.Metric(name=family.name, description=family.documentation, unit=unit, data=_data(family, began, now))


def _data(family: Metric, began: int, now: int) -> sdk.Sum | sdk.Gauge | sdk.Histogram:
    if family.type == "histogram":
        return sdk.Histogram(_distributions(family, began, now), sdk.AggregationTemporality.CUMULATIVE)
    points = [
        sdk.NumberDataPoint(
            attributes=dict(sample.labels), start_time_unix_nano=began, time_unix_nano=now, value=sample.value
        )
        for sample in family.samples
    ]
    if family.type == "counter":
        return sdk.Sum(points, sdk.AggregationTemporality.CUMULATIVE, is_monotonic=True)
    return sdk.Gauge(points)


def _distributions(family: Metric, began: int, now: int) -> list[sdk.HistogramDataPoint]:
    """One point per set of labels; Prometheus counts each bucket together with those below it."""
    below: defaultdict[Labels, list[tuple[float, float]]] = defaultdict(list)
    sums: dict[Labels, float] = {}
    for sample in family.samples:
        labels = tuple(sorted((name, value) for name, value in sample.labels.items() if name != "le"))
        if sample.name.endswith("_bucket"):
            below[labels].append((float(sample.labels["le"]), sample.value))
        elif sample.name.endswith("_sum"):
            sums[labels] = sample.value
    points = []
    for labels, buckets in below.items():
        buckets.sort()
        counts = [int(value) for _, value in buckets]
        points.append(
            sdk.HistogramDataPoint(
                attributes=dict(labels),
                start_time_unix_nano=began,
                time_unix_nano=now,
                count=counts[-1],
                sum=sums.get(labels, 0.0),
                bucket_counts=[high - low for low, high in zip([0, *counts], counts, strict=False)],
                explicit_bounds=[bound for bound, _ in buckets[:-1]],
                min=None,  # type: ignore[arg-type] # optional on the wire; nobody has kept it
                max=None,  # type: ignore[arg-type]
            )
        )
    return points
