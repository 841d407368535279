"""A request is one trace: its SQL, the job it causes, the models it calls; in one process and across a fleet."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.support.chat_app import model
from tests.support.house import Visitor, visiting
from tests.support.indexing import add_documents, wait_for_completed
from tests.support.model_server import ModelServer, model_server
from tests.support.otlp_collector import Collector, SeenSpan, grpc_collector, http_collector
from tests.support.processes import Installation, Process

pytestmark = [pytest.mark.process, pytest.mark.timeout(240)]

SECRET = "sk-a-key-that-nobody-may-see-0123456789"
QUESTION = "Which ship carries the vermilion cargo?"
SERVER, CLIENT, PRODUCER, CONSUMER = 2, 3, 4, 5
UPLOAD = "POST /console/api/datasets/{dataset_id}/documents/upload"
CHAT = "POST /v1/chat-messages"


@pytest.fixture
def models() -> Iterator[ModelServer]:
    """A model server of this test."""
    with model_server(api_key=SECRET) as server:
        yield server


@pytest.fixture
def collector() -> Iterator[Collector]:
    """A collector of this test."""
    with http_collector() as found:
        yield found


def settings(collector: Collector, models: ModelServer, **others: str) -> dict[str, str]:
    return {
        "ENABLE_OTEL": "true",
        "OTEL_SAMPLING_RATE": "1",
        "OTEL_BATCH_EXPORT_SCHEDULE_DELAY": "100",
        "OTEL_METRIC_EXPORT_INTERVAL": "200",
        "OTLP_BASE_ENDPOINT": collector.address,
        "OTLP_API_KEY": "collector-key",
        "OPENAI_API_KEY": SECRET,
        "OPENAI_API_BASE": models.url,
        "HOMEPORT_DEFAULT_EMBEDDING": "test-embedding",
        "LOG_OUTPUT_FORMAT": "json",
    } | others


async def ask(visitor: Visitor, name: str = "ordinary") -> httpx.Response:
    made = await visitor.console.post("/apps", json={"name": "Traced", "mode": "chat"})
    app_id = made.json()["id"]
    changed = await visitor.console.patch(f"/apps/{app_id}", json={"model_config": model(name)})
    assert changed.status_code == 200, changed.text
    client = await visitor.app_client(app_id)
    body = {"query": QUESTION, "inputs": {}, "user": "u", "response_mode": "streaming", "auto_generate_name": False}
    answer = await client.post("/chat-messages", json=body)
    assert answer.status_code == 200, answer.text
    return answer


def only(spans: list[SeenSpan]) -> SeenSpan:
    [span] = spans
    return span


def log_lines(process: Process) -> list[dict[str, Any]]:
    return [json.loads(line) for line in process.text.splitlines() if line.startswith("{")]


async def test_an_upload_and_its_indexing_are_one_trace(
    alone: Installation, collector: Collector, models: ModelServer
) -> None:
    alone.settings |= settings(collector, models)
    process, address = alone.up()
    async with visiting(address) as visitor:
        await visitor.set_up()
        dataset_id = await add_documents(visitor, 1)
        await wait_for_completed(visitor.console, dataset_id, 1)
        job = only(collector.wait_for("job knowledge.ingest_document"))
    assert process.terminate() == 0
    request = only(collector.named(UPLOAD))
    assert (request.kind, request.parent_id, request.attributes["http.response.status_code"]) == (SERVER, "", 201)
    assert request.attributes["http.route"] == UPLOAD.removeprefix("POST ")
    assert (job.kind, job.trace_id, job.parent_id) == (CONSUMER, request.trace_id, request.span_id)
    assert job.attributes["homeport.job.outcome"] == "succeeded"
    embedding = collector.named("embeddings test-embedding")[0]
    assert collector.ancestors(embedding)[:2] == [job.name, UPLOAD]
    call = next(span for span in collector.trace(request.trace_id) if span.parent_id == embedding.span_id)
    assert (call.kind, call.attributes["url.full"]) == (CLIENT, f"{models.url}/embeddings")
    assert call.attributes["http.response.status_code"] == 200
    within = {span.name for span in collector.spans if span.parent_id == job.span_id}
    assert within >= {"SELECT", "UPDATE", "INSERT", "vectors add"}
    assert {span.attributes["db.system.name"] for span in collector.named("INSERT")} == {"sqlite"}
    assert collector.headers[0]["authorization"] == "Bearer collector-key"
    assert request.resource["service.name"] == "homeport"


async def test_a_chat_is_one_trace_without_what_was_said_and_without_keys(
    alone: Installation, collector: Collector, models: ModelServer
) -> None:
    alone.settings |= settings(collector, models)
    process, address = alone.up()
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    async with visiting(address) as visitor:
        await visitor.set_up()
        visitor.client = with_header(address, "traceparent", parent)
        answer = await ask(visitor)
        request = only(collector.wait_for(CHAT))
    assert process.terminate() == 0
    assert request.trace_id == parent.split("-")[1], "it goes on with the trace of its caller"
    assert request.parent_id == parent.split("-")[2]
    assert request.attributes["homeport.request_id"] == answer.headers["x-request-id"]
    assert request.attributes["homeport.first_event_seconds"] > 0
    chat = only(collector.named("chat ordinary"))
    assert collector.ancestors(chat) == [CHAT]
    assert chat.attributes["gen_ai.provider.name"] == "openai"
    assert chat.attributes["gen_ai.usage.output_tokens"] > 0
    call = only([span for span in collector.spans if span.parent_id == chat.span_id])
    assert call.attributes["url.full"] == f"{models.url}/chat/completions"
    assert models.calls_to("/chat/completions")[0].headers["traceparent"].split("-")[1:3] == [
        request.trace_id,
        call.span_id,
    ]
    assert {"INSERT", "SELECT"} <= {span.name for span in collector.trace(request.trace_id)}
    for secret in (SECRET, "collector-key", QUESTION, "vermilion", "correct horse", "ada@example.org"):
        assert secret not in collector.texts, secret
    assert {span.parent_id == "" for span in collector.named("SELECT")} == {False}, "a timer's SQL is no trace"
    lines = [line for line in log_lines(process) if "trace_id" in line]
    known = {span.trace_id for span in collector.spans}
    assert all(line["trace_id"] in known and line["span_id"] for line in lines)


def with_header(address: str, name: str, value: str) -> Any:
    def client(token: str) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {token}", name: value}
        return httpx.AsyncClient(base_url=f"{address}/v1", headers=headers, timeout=60)

    return client


async def test_a_call_that_fails_is_a_span_of_its_own_beside_the_one_that_repeats_it(
    alone: Installation, collector: Collector, models: ModelServer
) -> None:
    alone.settings |= settings(collector, models)
    process, address = alone.up()
    async with visiting(address) as visitor:
        await visitor.set_up()
        await ask(visitor, "fail-503-once")
        collector.wait_for(CHAT)
    assert process.terminate() == 0
    failed, repeated = collector.named("chat fail-503-once")
    assert (failed.status, repeated.status) == (2, 0)
    assert failed.message == failed.attributes["error.type"] == "Unavailable"
    assert collector.ancestors(failed) == collector.ancestors(repeated) == [CHAT]


async def test_figures_reach_the_collector_too(alone: Installation, collector: Collector, models: ModelServer) -> None:
    alone.settings |= settings(collector, models)
    process, address = alone.up()
    async with visiting(address) as visitor:
        await visitor.set_up()
        await ask(visitor)
    assert process.terminate() == 0
    requests = collector.metrics["homeport_http_requests"]
    assert requests.sum.is_monotonic
    counted = {
        pair.value.string_value: point.as_double
        for point in requests.sum.data_points
        for pair in point.attributes
        if pair.key == "route"
    }
    assert counted["/v1/chat-messages"] == 1
    seconds = collector.metrics["homeport_http_request_seconds"]
    assert seconds.unit == "s"
    for point in seconds.histogram.data_points:
        assert sum(point.bucket_counts) == point.count
        assert len(point.bucket_counts) == len(point.explicit_bounds) + 1
    assert collector.metrics["homeport_jobs_waiting"].gauge.data_points


async def test_traces_leave_over_grpc_as_well(alone: Installation, models: ModelServer) -> None:
    with grpc_collector() as collector:
        alone.settings |= settings(collector, models, OTEL_EXPORTER_OTLP_PROTOCOL="grpc")
        process, address = alone.up()
        async with visiting(address) as visitor:
            await visitor.set_up()
            collector.wait_for("POST /console/api/setup")
        assert process.terminate() == 0
        assert collector.headers[0]["authorization"] == "Bearer collector-key"
        assert "homeport_build_info" in collector.metrics


@pytest.mark.parametrize("hangs", [False, True], ids=["gone", "hanging"])
async def test_a_collector_that_is_gone_costs_neither_an_answer_nor_a_clean_stop(
    alone: Installation, models: ModelServer, hangs: bool
) -> None:
    with socket.socket() as taken:  # bound, not listening: every connection is refused; or taken, and never answered
        taken.bind(("127.0.0.1", 0))
        if hangs:
            taken.listen(100)
        nobody = Collector(address=f"http://127.0.0.1:{taken.getsockname()[1]}")
        alone.settings |= settings(nobody, models, OTEL_MAX_QUEUE_SIZE="16")
        process, address = alone.up()
        async with visiting(address) as visitor:
            await visitor.set_up()
            for _ in range(30):
                assert (await visitor.console.get("/apps")).status_code == 200
            await ask(visitor)
        assert process.terminate() == 0


async def test_without_a_share_nothing_is_sent_but_what_a_caller_wants_kept(
    alone: Installation, collector: Collector, models: ModelServer
) -> None:
    alone.settings |= settings(collector, models, OTEL_SAMPLING_RATE="0")
    process, address = alone.up()
    async with visiting(address) as visitor:
        await visitor.set_up()
        await visitor.console.get("/apps")
        parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        await visitor.console.get("/datasets", headers={"traceparent": parent})
        collector.wait_for("GET /console/api/datasets")
    assert process.terminate() == 0
    assert {span.trace_id for span in collector.spans} == {parent.split("-")[1]}


@pytest.mark.parametrize("pool", ["threads", "prefork"])
async def test_in_a_fleet_the_worker_goes_on_with_the_trace_of_the_request(
    fleet: Installation, collector: Collector, models: ModelServer, pool: str
) -> None:
    fleet.settings |= settings(collector, models)
    api, address = fleet.api()
    worker = fleet.worker(CELERY_WORKER_CLASS=pool, CELERY_WORKER_AMOUNT="1")
    async with visiting(address) as visitor:
        await visitor.set_up()
        dataset_id = await add_documents(visitor, 1)
        await wait_for_completed(visitor.console, dataset_id, 1)
        job = only(collector.wait_for("job knowledge.ingest_document"))
    assert worker.terminate() == 0
    assert api.terminate() == 0
    request = only(collector.named(UPLOAD))
    assert (job.trace_id, job.parent_id) == (request.trace_id, request.span_id)
    assert (job.resource["homeport.mode"], request.resource["homeport.mode"]) == ("worker", "api")
    announced = only(collector.named("announce job"))
    assert (announced.kind, announced.parent_id) == (PRODUCER, request.span_id)
    assert "LPUSH" in {span.name for span in collector.spans if span.parent_id == announced.span_id}
    assert {span.attributes["db.system.name"] for span in collector.named("INSERT")} == {"postgresql"}
