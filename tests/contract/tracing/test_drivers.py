"""What only one of the services can get wrong, and what is entered for each."""

from __future__ import annotations

from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from homeport.backends.tracing.dialects.otlp.protobuf import read_refusal
from homeport.backends.tracing.discover import find_specs
from homeport.backends.tracing.drivers.otlp.spec import read_headers
from homeport.backends.tracing.errors import Misconfigured, RateLimited, Rejected, TracingError, Unavailable
from homeport.backends.tracing.registry import open_tracer, read_config
from homeport.runtime.outbound.client import Outbound
from tests.contract.tracing.traces import make_trace
from tests.support.tracing_services import KEY, Langfuse, LangSmith, Otlp, Reply, running


@pytest.mark.parametrize(
    ("status", "kind"), [(400, Rejected), (401, Misconfigured), (429, RateLimited), (500, Unavailable)]
)
async def test_what_langfuse_says_of_one_event_is_an_error(
    outbound: Outbound, status: int, kind: type[TracingError]
) -> None:
    with running(Langfuse()) as service:
        assert isinstance(service, Langfuse)
        service.refuse["generation-create"] = (status, "Invalid request data")
        tracer = open_tracer("langfuse", read_config("langfuse", service.config()), outbound.http)
        with pytest.raises(kind, match=f"^langfuse: {status} Invalid request data"):
            await tracer.export([make_trace()])


async def test_parameters_reach_langfuse_in_the_kinds_it_takes(outbound: Outbound) -> None:
    with running(Langfuse()) as service:
        assert isinstance(service, Langfuse)
        tracer = open_tracer("langfuse", read_config("langfuse", service.config()), outbound.http)
        await tracer.export([make_trace()])
        [body] = [one["body"] for one in service.events.values() if one["type"] == "generation-create"]
    assert body["modelParameters"] == {
        "temperature": 0.2,
        "stop": "['\\n']",
        "response_format": "{'type': 'text'}",
    }
    assert (body["startTime"], body["endTime"]) == ("2026-11-28T12:00:00.163Z", "2026-11-28T12:00:02.123Z")
    assert body["completionStartTime"] == "2026-11-28T12:00:00.423Z"


async def test_runs_of_langsmith_stand_in_the_order_of_their_times(outbound: Outbound) -> None:
    with running(LangSmith()) as service:
        assert isinstance(service, LangSmith)
        tracer = open_tracer("langsmith", read_config("langsmith", service.config()), outbound.http)
        await tracer.export([make_trace()])
        orders = sorted(service.runs.values(), key=lambda run: run["dotted_order"])
    assert [run["run_type"] for run in orders] == ["chain", "retriever", "llm"]
    assert orders[0]["dotted_order"].startswith("20261128T120000123456Z")


async def test_spans_that_a_receiver_rejects_are_an_error_with_its_reason(outbound: Outbound) -> None:
    with running(Otlp()) as service:
        assert isinstance(service, Otlp)
        said = ExportTraceServiceResponse()
        said.partial_success.rejected_spans = 2
        said.partial_success.error_message = "too old"
        service.success = said.SerializeToString()
        tracer = open_tracer("otlp", read_config("otlp", service.config()), outbound.http)
        with pytest.raises(Rejected, match=r"^otlp: 2 spans were not taken: too old\.$"):
            await tracer.export([make_trace()])
        said.partial_success.rejected_spans = 0
        service.success = said.SerializeToString()
        await tracer.export([make_trace()])


async def test_a_refusal_in_protobuf_is_read(outbound: Outbound) -> None:
    with running(Otlp()) as service:
        sentence = b"no such tenant"
        body = bytes([1 << 3, 7, 2 << 3 | 2, len(sentence)]) + sentence
        service.instead = Reply(400, body, {"Content-Type": "application/x-protobuf"})
        tracer = open_tracer("otlp", read_config("otlp", service.config()), outbound.http)
        with pytest.raises(Rejected, match=r"^otlp: 400 no such tenant\.$"):
            await tracer.export([make_trace()])


@pytest.mark.parametrize("data", [b"\xff", b"\x0a\x05ab", b"\x0b", b"\x80" * 11])
async def test_bytes_that_are_no_protobuf_are_not_taken_for_an_answer(outbound: Outbound, data: bytes) -> None:
    with pytest.raises(ValueError, match="no protobuf"):
        read_refusal(data)
    with running(Otlp()) as service:
        service.instead = Reply(200, data, {"Content-Type": "application/x-protobuf"})
        tracer = open_tracer("otlp", read_config("otlp", service.config()), outbound.http)
        with pytest.raises(Misconfigured, match="none of its API"):
            await tracer.export([make_trace()])


async def test_a_whole_address_of_a_receiver_is_taken_as_it_is(outbound: Outbound) -> None:
    with running(Otlp()) as service:
        config = read_config("otlp", service.config() | {"endpoint": f"{service.url}/v1/traces/"})
        await open_tracer("otlp", config, outbound.http).check()
        assert service.requests[0].path == "/v1/traces"


def test_headers_are_read_as_opentelemetry_writes_them() -> None:
    assert read_headers(" a=1, Authorization=Basic%20eA== ,") == {"a": "1", "Authorization": "Basic eA=="}
    for wrong in ("a", "a b=1", "a=%0d%0aX: 1", "=1"):
        with pytest.raises(ValueError, match="accepted are pairs"):
            read_headers(wrong)


@pytest.mark.parametrize(
    ("provider", "values", "sentence"),
    [
        ("pigeon", {}, r"tracing_provider is 'pigeon'; accepted are arize, langfuse, langsmith, opik, otlp, phoenix\."),
        ("langfuse", {"public_key": "pk"}, r"langfuse: secret_key \(Secret key\): is missing\."),
        ("langfuse", {"public_key": "pk", "secret_key": ""}, r"langfuse: secret_key \(Secret key\): is missing\."),
        ("langfuse", {"public_key": "p k", "secret_key": KEY}, r"langfuse: public_key \(Public key\): accepted are"),
        ("langfuse", {"public_key": "ключ", "secret_key": KEY}, r"langfuse: public_key \(Public key\): accepted are"),
        ("langfuse", {"public_key": "pk", "secret_key": KEY, "host": "ftp://x"}, r"langfuse: host \(Host\): "),
        ("langsmith", {"api_key": 5}, r"langsmith: api_key \(API key\): "),
        ("opik", {"workspace": "a\nb"}, r"opik: workspace \(Workspace\): "),
        ("otlp", {"endpoint": "http://x", "headers": "secret-text"}, r"otlp: headers \(Headers\): accepted are pairs"),
        ("phoenix", {}, r"phoenix: endpoint \(Endpoint\): is missing\."),
        ("arize", {"api_key": KEY}, r"arize: space_id \(Space ID\): is missing\."),
    ],
)
def test_what_is_wrong_with_an_entry_is_said_without_its_value(
    provider: str, values: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(Misconfigured, match=f"^{sentence}") as caught:
        read_config(provider, values)

    assert not any(str(value) in str(caught.value) for value in values.values() if value not in ("", 5))


def test_what_is_left_empty_is_its_default_and_what_is_unknown_is_dropped() -> None:
    values = {"public_key": "pk", "secret_key": f" {KEY} ", "host": "", "project_key": "x"}

    config = read_config("langfuse", values)

    assert config.address == "https://cloud.langfuse.com"
    assert config.secrets() == {"public_key": "pk", "secret_key": KEY}
    assert KEY not in repr(config)


def test_every_service_has_words_for_people_and_an_address_among_its_fields() -> None:
    for spec in find_specs().values():
        assert spec.label
        assert spec.config.address_field in spec.config.plain_fields()
        assert all(field.title for field in spec.config.model_fields.values())
