"""Spans: off without a trace of it; on, one within the other, without values of statements, and named in the log."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import httpx
import pytest
import structlog
from opentelemetry.sdk.resources import Resource
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from homeport.runtime.db.database import Database
from homeport.runtime.ops import traces
from homeport.runtime.ops.logs import configure_logs
from homeport.runtime.ops.otel import OtelTracing
from homeport.runtime.ops.otel_sql import SqlSpans
from homeport.runtime.ops.settings import LoggingSettings
from homeport.runtime.ops.telemetry_settings import OtelSettings
from tests.support.otlp_collector import Collector, SeenSpan, http_collector

CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def collector() -> Iterator[Collector]:
    with http_collector() as found:
        yield found


@pytest.fixture
def tracing(collector: Collector) -> Iterator[OtelTracing]:
    """Turned on, with every trace kept; what was traced has arrived once it is closed."""
    settings = OtelSettings(enable_otel=True, otel_sampling_rate=1, otlp_base_endpoint=collector.address)
    found = OtelTracing(settings, Resource.create({"service.name": "test"}))
    traces.turn_on(found)
    yield found
    traces.turn_on(None)
    found.close()


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """The log as JSON lines; the process' logging is left as it was."""
    root = logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    output = io.StringIO()
    configure_logs(LoggingSettings(log_output_format="json"), stream=output)
    structlog.configure(cache_logger_on_first_use=False)  # a kept logger would outlive this test
    yield output
    for handler in [handler for handler in root.handlers if handler not in handlers]:
        root.removeHandler(handler)
    root.setLevel(level)
    logging.captureWarnings(False)
    structlog.reset_defaults()


def arrived(tracing: OtelTracing, collector: Collector) -> dict[str, SeenSpan]:
    tracing.provider.force_flush()
    return {span.name: span for span in collector.spans}


def test_nothing_is_made_while_traces_are_off() -> None:
    transport = httpx.AsyncHTTPTransport()
    with traces.span("a", "server", parent=CALLER, figure=1) as span:
        span.note(other=2)
        span.fail("x")
        assert traces.traceparent() is None
        assert traces.ids() is None
    assert traces.over(transport) is transport
    assert not traces.is_on()


def test_spans_are_within_each_other_and_a_caller(tracing: OtelTracing, collector: Collector) -> None:
    with traces.span("request", "server", parent=CALLER, http__route="/x"), traces.span("inner") as inner:
        inner.note(figure=3)
        handed_on = traces.traceparent()
    with traces.span("job", "consumer", parent=handed_on):
        pass
    spans = arrived(tracing, collector)
    assert {span.trace_id for span in spans.values()} == {CALLER.split("-")[1]}
    assert spans["request"].parent_id == CALLER.split("-")[2]
    assert spans["inner"].parent_id == spans["request"].span_id
    assert spans["job"].parent_id == spans["inner"].span_id
    assert spans["request"].attributes == {"http.route": "/x"}
    assert spans["inner"].attributes == {"figure": 3}


@pytest.mark.parametrize("parent", ["", "nonsense", "00-0-0-01", "00-" + "0" * 32 + "-" + "0" * 16 + "-01", "\x00"])
def test_a_caller_that_cannot_be_read_is_none(tracing: OtelTracing, collector: Collector, parent: str) -> None:
    with traces.span("request", "server", parent=parent):
        pass
    assert arrived(tracing, collector)["request"].parent_id == ""


def test_a_caller_that_keeps_no_trace_is_followed(tracing: OtelTracing, collector: Collector) -> None:
    with traces.span("request", "server", parent=CALLER[:-1] + "0"), traces.span("inner"):
        assert (traces.traceparent() or "").endswith("-00")
    assert arrived(tracing, collector) == {}


def test_a_trace_begins_with_a_request_or_a_job_alone(tracing: OtelTracing, collector: Collector) -> None:
    for kind in ("client", "producer", "internal"):
        with traces.span(f"lone {kind}", kind):
            pass
    with traces.span("job", "consumer"):
        pass
    assert set(arrived(tracing, collector)) == {"job"}


def test_a_request_is_no_part_of_what_was_done_before(tracing: OtelTracing, collector: Collector) -> None:
    with traces.span("first", "server"), traces.span("second", "server"):
        pass
    spans = arrived(tracing, collector)
    assert spans["second"].parent_id == ""
    assert spans["second"].trace_id != spans["first"].trace_id


def test_an_error_names_its_kind_and_keeps_its_words(tracing: OtelTracing, collector: Collector) -> None:
    with pytest.raises(ValueError, match="secret"), traces.span("request", "server"):
        raise ValueError("secret words")
    span = arrived(tracing, collector)["request"]
    assert (span.status, span.message, span.attributes["error.type"]) == (2, "ValueError", "ValueError")
    assert "secret" not in collector.texts


def test_what_begins_after_a_span_is_left_is_not_within_it(tracing: OtelTracing, collector: Collector) -> None:
    with traces.span("request", "server"), traces.span("call") as call:
        call.leave()
        with traces.span("afterwards"):
            pass
    spans = arrived(tracing, collector)
    assert spans["afterwards"].parent_id == spans["call"].parent_id == spans["request"].span_id


async def test_statements_are_shown_without_their_values_also_when_they_fail(
    tracing: OtelTracing, collector: Collector, database_url: str
) -> None:
    database = Database(database_url)
    listeners = [SqlSpans(tracing.tracer, engine.sync_engine) for engine in database.engines]
    insert = text("INSERT INTO people (email) VALUES (:email)")
    async with database.begin() as session:
        await session.execute(text("CREATE TABLE people (email VARCHAR(100) PRIMARY KEY)"))
    with traces.span("request", "server"):
        async with database.begin() as session:
            await session.execute(insert, {"email": "ada@example.org"})
        with pytest.raises(IntegrityError):
            async with database.begin() as session:
                await session.execute(insert, {"email": "ada@example.org"})
    for listener in listeners:
        listener.close()
    with traces.span("afterwards", "server"):
        async with database.read() as session:
            await session.execute(text("SELECT 1"))
    tracing.provider.force_flush()
    good, bad = collector.named("INSERT")
    assert (good.status, bad.status) == (0, 2)
    assert good.attributes["db.query.text"].startswith("INSERT INTO people (email) VALUES (")
    assert good.attributes["db.system.name"] == database.kind
    [request] = collector.named("request")
    assert {good.parent_id, bad.parent_id} == {request.span_id}
    assert collector.named("CREATE") == collector.named("SELECT") == []
    assert "ada@example.org" not in collector.texts
    async with database.begin() as session:
        await session.execute(text("DROP TABLE people"))
    await database.close()


def test_log_lines_name_the_span_they_were_written_in(tracing: OtelTracing, log: io.StringIO) -> None:
    logger = structlog.get_logger("homeport.test")
    with traces.span("request", "server"):
        ids = traces.ids()
        logger.info("within")
        logging.getLogger("library").warning("from a library")
    logger.info("outside")
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    assert [(line.get("trace_id"), line.get("span_id")) for line in lines] == [ids, ids, (None, None)]
    assert lines[2]["event"] == "outside"


def test_what_was_traced_before_the_end_arrives(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("homeport.runtime.ops.otel.FLUSH_SECONDS", 60)
    settings = OtelSettings(
        enable_otel=True, otel_sampling_rate=1, otlp_trace_endpoint=f"{collector.address}/own/traces"
    )
    tracing = OtelTracing(settings, Resource.create({}))
    with tracing.span("last words", "server", None, {}):
        pass
    tracing.close()
    assert collector.named("last words")
    assert set(collector.paths) == {"/own/traces"}
