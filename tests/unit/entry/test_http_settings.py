"""The settings of the HTTP surface reach the application."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from homeport.entry.console_files import ConsoleFiles
from tests.support.house import TestHouse, open_test_house


def asking(house: TestHouse, **headers: str) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(house.app, client=("10.0.0.2", 1))
    return httpx.AsyncClient(transport=transport, base_url="http://homeport.test", headers=headers)


async def wrong_passwords(house: TestHouse, caller: str, times: int) -> int:
    """The status of the last of so many logins with a wrong password."""
    async with asking(house, **{"X-Forwarded-For": caller}) as client:
        for _ in range(times):
            body = {"email": "nobody@example.org", "password": "wrong-pass-1"}
            answer = await client.post("/console/api/login", json=body)
    return answer.status_code


@pytest.mark.parametrize(("believed", "status"), [("true", 401), ("false", 429)])
async def test_a_lock_out_meets_the_caller_the_proxy_saw(tmp_path: Path, believed: str, status: int) -> None:
    async with open_test_house(tmp_path, RESPECT_XFORWARD_HEADERS_ENABLED=believed) as house:
        assert await wrong_passwords(house, "203.0.113.9", 6) == 429
        assert await wrong_passwords(house, "203.0.113.10", 1) == status


@pytest.mark.parametrize(("enabled", "encoding"), [("true", "gzip"), ("false", None)])
async def test_answers_are_compressed_when_asked_for(tmp_path: Path, enabled: str, encoding: str | None) -> None:
    async with (
        open_test_house(tmp_path, set_up=False, API_COMPRESSION_ENABLED=enabled) as house,
        asking(house) as client,
    ):
        answer = await client.get("/v1/openapi.json")

    assert answer.headers.get("content-encoding") == encoding
    assert answer.json()["info"]["title"] == "Homeport Service API"


@pytest.mark.parametrize(("embed", "frames"), [(True, "frame-ancestors *"), (False, "frame-ancestors 'none'")])
async def test_the_console_is_framed_by_others_when_that_is_allowed(tmp_path: Path, embed: bool, frames: str) -> None:
    (tmp_path / "index.html").write_text("<html></html>")
    app = Starlette(routes=[Mount("/", ConsoleFiles(directory=tmp_path, embed=embed))])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://homeport.test") as client:
        assert frames in (await client.get("/")).headers["content-security-policy"].split("; ")


@pytest.mark.parametrize(("enabled", "status"), [("true", 200), ("false", 404)])
@pytest.mark.parametrize("path", ["/v1/openapi.json", "/console/api/openapi.json"])
async def test_the_apis_are_described_unless_that_is_switched_off(
    tmp_path: Path, path: str, enabled: str, status: int
) -> None:
    async with (
        open_test_house(tmp_path, set_up=False, SWAGGER_UI_ENABLED=enabled) as house,
        asking(house) as client,
    ):
        assert (await client.get(path)).status_code == status
