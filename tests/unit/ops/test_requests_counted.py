"""Every request is counted under the template of its address, and /metrics is not for everybody."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families
from starlette.types import Receive, Scope, Send

from homeport.entry.api import console_api, service_api
from homeport.runtime.ops.meters import MOST_MODELS, Meters, meters
from homeport.runtime.ops.watch_requests import WatchRequests
from homeport.runtime.tasks.queues import Queue
from tests.support.house import TestHouse, open_test_house

NOBODY = "01a20556-0000-7000-8000-000000000000"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[TestHouse]:
    async with open_test_house(tmp_path) as found:
        yield found


def browser(house: TestHouse, client: tuple[str, int] = ("127.0.0.1", 123)) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(house.app, client=client), base_url="http://homeport.test")


def counted(method: str, route: str, status: int) -> float:
    labels = {"method": method, "route": route, "status": str(status)}
    return meters().registry.get_sample_value("homeport_http_requests_total", labels) or 0


def routes_counted() -> set[str]:
    [family] = [one for one in meters().registry.collect() if one.name == "homeport_http_requests"]
    return {sample.labels["route"] for sample in family.samples}


@pytest.mark.filterwarnings("ignore:Duplicate Operation ID")
@pytest.mark.parametrize(("root", "api"), [("/v1", service_api), ("/console/api", console_api)])
async def test_each_address_is_counted_under_its_template(
    house: TestHouse, root: str, api: Callable[[], FastAPI]
) -> None:
    before = routes_counted()
    paths = [path for path, methods in api().openapi()["paths"].items() if "get" in methods]
    assert len(paths) > 3
    async with browser(house) as client:
        for path in paths:
            await client.get(root + re.sub(r"\{\w+\}", NOBODY, path))
    assert {path if path.startswith(root) else root + path for path in paths} <= routes_counted()
    assert not any(NOBODY in route for route in routes_counted() - before)


async def test_addresses_that_nobody_offers_share_a_label(house: TestHouse) -> None:
    before = routes_counted()
    async with browser(house) as client:
        for number in range(5):
            for path in (f"/v1/x{number}", f"/console/api/x{number}", f"/x{number}", f"/files/{number}/a/b"):
                await client.get(path)
        await client.request("BREW", "/health")
    assert routes_counted() - before <= {"/v1/*", "/console/api/*", "/*", "/files/*", "/{path:path}", "/health"}
    [family] = [one for one in meters().registry.collect() if one.name == "homeport_http_requests"]
    assert "other" in {sample.labels["method"] for sample in family.samples}
    assert "BREW" not in str(family.samples)


async def test_below_a_path_addresses_are_counted_under_their_templates_too(tmp_path: Path) -> None:
    settings = {"CONSOLE_WEB_URL": "https://example.org/tools/homeport", "API_COMPRESSION_ENABLED": "true"}
    async with open_test_house(tmp_path, set_up=False, **settings) as house, browser(house) as client:
        await client.get(f"/v1/conversations/{NOBODY}/name")
        await client.get("/tools/homeport/v1/info")
    assert not any(NOBODY in route for route in routes_counted())
    assert any(route.endswith("/v1/info") and route.startswith("/tools") for route in routes_counted())


async def test_an_error_is_counted_with_the_status_that_was_answered(house: TestHouse) -> None:
    before = counted("GET", "/v1/info", 401)
    async with browser(house) as client:
        assert (await client.get("/v1/info")).status_code == 401
    assert counted("GET", "/v1/info", 401) == before + 1


async def test_the_first_event_of_a_stream_is_timed_and_a_ping_is_none() -> None:
    own = Meters()

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"x-request-id", b"7")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        assert own.registry.get_sample_value("homeport_http_streams_open") == 1
        await send({"type": "http.response.body", "body": b"event: ping\n\n", "more_body": True})
        assert (
            own.registry.get_sample_value("homeport_http_stream_first_event_seconds_count", {"route": "none"}) is None
        )
        await send({"type": "http.response.body", "body": b"data: {}\n\n", "more_body": False})

    transport = httpx.ASGITransport(WatchRequests(app, meters=own))
    async with httpx.AsyncClient(transport=transport, base_url="http://homeport.test") as client:
        assert (await client.get("/")).status_code == 200
    value = own.registry.get_sample_value
    assert value("homeport_http_stream_first_event_seconds_count", {"route": "none"}) == 1
    assert value("homeport_http_streams_open") == 0


async def test_the_figures_can_be_read_and_name_every_queue(house: TestHouse) -> None:
    async with browser(house) as client:
        answer = await client.get("/metrics")
    assert answer.status_code == 200
    families = {family.name: family for family in text_string_to_metric_families(answer.text)}
    for name in ("homeport_jobs_waiting", "homeport_jobs_running", "homeport_jobs_oldest_seconds"):
        assert {sample.labels["queue"] for sample in families[name].samples} == set(Queue)
    assert families["homeport_database_up"].samples[0].value == 1
    assert all(name.startswith("homeport_") for name in families)
    async with browser(house) as client:
        openmetrics = await client.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert openmetrics.headers["content-type"].startswith("application/openmetrics-text")
    assert openmetrics.text.endswith("# EOF\n")


@pytest.mark.parametrize(
    ("client", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("10.1.2.3", {}, 200),
        ("::ffff:192.168.1.9", {}, 200),
        ("fd00::7", {}, 200),
        ("8.8.8.8", {}, 403),
        ("2001:4860:4860::8888", {}, 403),
        ("::ffff:8.8.8.8", {}, 403),
        ("unix", {}, 403),
        ("10.1.2.3", {"X-Forwarded-For": "10.9.9.9"}, 403),
        ("127.0.0.1", {"Forwarded": "for=1.2.3.4"}, 403),
        ("127.0.0.1", {"X-Real-IP": "1.2.3.4"}, 403),
    ],
)
async def test_without_a_token_private_addresses_that_ask_directly_are_answered(
    house: TestHouse, client: str, headers: dict[str, str], status: int
) -> None:
    async with browser(house, (client, 1)) as visitor:
        answer = await visitor.get("/metrics", headers=headers)
    assert answer.status_code == status
    assert ("METRICS_TOKEN" in answer.json()["hint"]) if status == 403 else "homeport_" in answer.text


async def test_with_a_token_whoever_has_it_is_answered_and_nobody_else(tmp_path: Path) -> None:
    async with open_test_house(tmp_path, set_up=False, METRICS_TOKEN="open sesame") as house:
        async with browser(house) as near:
            assert (await near.get("/metrics")).status_code == 401
            wrong = await near.get("/metrics", headers={"Authorization": "Bearer open"})
            assert (wrong.status_code, "sesame" in wrong.text) == (401, False)
        async with browser(house, ("8.8.8.8", 1)) as far:
            right = {"Authorization": "Bearer open sesame", "X-Forwarded-For": "8.8.8.8"}
            assert (await far.get("/metrics", headers=right)).status_code == 200


def test_models_beyond_the_limit_share_a_label() -> None:
    models = Meters().models
    labels = {models.labels("ollama", f"model-{number}") for number in range(MOST_MODELS + 50)}
    assert len(labels) == MOST_MODELS + 1
    assert models.labels("ollama", "model-0") == ("ollama", "model-0")
    assert models.labels("ollama", "model-999") == ("other", "other")
