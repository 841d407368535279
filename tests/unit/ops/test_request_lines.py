"""Lines about requests: none by themselves; one each, or with bodies, where that is asked for; secrets masked."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog

from homeport.runtime.ops.log_bodies import MOST_BYTES
from homeport.runtime.ops.logs import configure_logs
from homeport.runtime.ops.settings import LoggingSettings
from tests.support.house import FIRST, TestHouse, open_test_house


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


@asynccontextmanager
async def browser(folder: Path, **settings: Any) -> AsyncIterator[tuple[TestHouse, httpx.AsyncClient]]:
    async with open_test_house(folder, **settings) as house:
        transport = httpx.ASGITransport(house.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://homeport.test") as client:
            yield house, client


def lines(log: io.StringIO, event: str) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in log.getvalue().splitlines()]
    return [line for line in found if line["event"] == event]


async def test_requests_write_no_line_by_themselves(tmp_path: Path, log: io.StringIO) -> None:
    async with browser(tmp_path) as (_, client):
        await client.get("/v1/info")
    assert lines(log, "request") == lines(log, "request and answer") == []


async def test_the_access_log_has_a_line_for_each_request_but_those_of_probes(tmp_path: Path, log: io.StringIO) -> None:
    async with browser(tmp_path, ACCESS_LOG_ENABLED="true") as (_, client):
        answer = await client.get("/v1/info?token=abc", headers={"X-Request-Id": "r-7"})
        for path in ("/health", "/health/ready", "/metrics"):
            await client.get(path)
    line = lines(log, "request")[-1]
    assert answer.headers["x-request-id"] == line["request_id"] == "r-7"
    assert (line["method"], line["path"], line["status"], line["client"]) == ("GET", "/v1/info", 401, "127.0.0.1")
    assert line["seconds"] >= 0


async def test_bodies_are_logged_where_asked_and_secrets_in_them_masked(tmp_path: Path, log: io.StringIO) -> None:
    async with browser(tmp_path, ENABLE_REQUEST_LOGGING="true") as (house, client):
        await house.console.post("/apps", json={"name": "Helper", "mode": "chat"})
        await client.get("/health")
        await client.post("/console/api/setup", content=b"{broken", headers={"Content-Type": "application/json"})
    by_path = {line["path"]: line for line in lines(log, "request and answer")}
    login = by_path["/console/api/login"]
    assert login["asked"] == {"email": FIRST["email"], "password": "***"}
    assert by_path["/console/api/apps"]["asked"] == {"name": "Helper", "mode": "chat"}
    assert by_path["/console/api/apps"]["answered"]["name"] == "Helper"
    assert by_path["/console/api/setup"]["asked"] == "application/json, 7 bytes"
    assert "/health" not in by_path
    assert FIRST["password"] not in log.getvalue()
    assert all(line["request_id"] for line in by_path.values())


async def test_of_a_large_or_foreign_body_the_length_is_logged(tmp_path: Path, log: io.StringIO) -> None:
    async with browser(tmp_path, ENABLE_REQUEST_LOGGING="true") as (_, client):
        large = b'{"email": "' + b"x" * MOST_BYTES + b'"}'
        for kind, body in (("application/json", large), ("text/plain; charset=utf-8", b"abc")):
            await client.post("/console/api/login", content=body, headers={"Content-Type": kind})
    shown = [line["asked"] for line in lines(log, "request and answer")][-2:]
    assert shown[0] == f"application/json, {len(large)} bytes"
    assert shown[1] == "text/plain, 3 bytes"
