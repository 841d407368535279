"""One built console for any address: what is written into its page, and which paths are understood."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from homeport.entry.addresses import Addresses, addresses_of, at_public_addresses, origin_of
from homeport.entry.console_files import ConsoleFiles
from homeport.entry.settings import read_settings
from homeport.entry.sub_path import SubPath
from homeport.runtime.config.errors import ConfigurationError
from homeport.runtime.config.sources import Sources
from tests.support.house import open_test_house
from tests.support.source_tree import ROOT

PAGE = (ROOT / "console" / "index.html").read_text(encoding="utf-8")


def fields(page: str) -> dict[str, str]:
    found = dict(re.findall(r'<meta name="homeport-([a-z-]+)" content="([^"]*)"', page))
    return {**found, "href": re.findall(r'<base href="([^"]*)"', page)[0]}


def addresses(**variables: str) -> Addresses:
    return addresses_of(read_settings(Sources(variables)))


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, {"href": "/", "base": "/", "console-web": "", "console-api": "", "service-api": ""}),
        (
            {"CONSOLE_WEB_URL": "https://example.org/homeport/", "CONSOLE_API_URL": "https://example.org/homeport"},
            {"href": "/homeport/", "base": "/homeport/", "console-api": ""},
        ),
        (
            {"CONSOLE_WEB_URL": "https://example.org", "CONSOLE_API_URL": "https://api.example.org/"},
            {"href": "/", "console-web": "https://example.org", "console-api": "https://api.example.org"},
        ),
        # This server is the API: without the page's own address there is no elsewhere.
        ({"CONSOLE_API_URL": "https://api.example.org"}, {"console-api": ""}),
        ({"SERVICE_API_URL": "https://a.org/x?a&b"}, {"service-api": "https://a.org/x?a&amp;b"}),
    ],
)
def test_the_page_carries_the_addresses_that_are_set(variables: dict[str, str], expected: dict[str, str]) -> None:
    assert expected.items() <= fields(addresses(**variables).write_into(PAGE)).items()


def test_whatever_is_written_into_the_page_stays_text() -> None:
    hostile = r'"><script>alert(1)</script>\1&amp;'
    page = Addresses(hostile, hostile, hostile).write_into(PAGE)

    assert page.count("<script") == PAGE.count("<script")
    assert fields(page)["service-api"] == "&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;\\1&amp;amp;"


@pytest.mark.parametrize("name", ["CONSOLE_WEB_URL", "CONSOLE_API_URL", "SERVICE_API_URL", "FILES_URL"])
@pytest.mark.parametrize("wrong", ["example.org", "/homeport", "javascript:alert(1)", 'https://a"b', "https://a b.org"])
def test_what_is_no_address_is_refused_at_the_start(name: str, wrong: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{name} is .*begins with http:// or https://"):
        read_settings(Sources({name: wrong}))


@pytest.mark.parametrize(
    ("variables", "cookie_path", "files"),
    [
        ({}, "", ""),
        ({"CONSOLE_WEB_URL": "https://example.org/homeport"}, "/homeport", "https://example.org/homeport"),
        (
            {"CONSOLE_WEB_URL": "https://example.org/ui", "CONSOLE_API_URL": "https://example.org/api"},
            "/",
            "https://example.org/api",
        ),
        ({"CONSOLE_WEB_URL": "https://example.org/ui", "COOKIE_PATH": "/"}, "/", "https://example.org/ui"),
    ],
)
def test_cookies_and_links_follow_the_address_of_the_console(
    variables: dict[str, str], cookie_path: str, files: str
) -> None:
    settings = at_public_addresses(read_settings(Sources(variables)))

    assert settings.identity.cookie_path == cookie_path
    assert settings.files.console_api_url == files


async def test_below_a_path_the_login_cookies_are_for_that_path_alone(tmp_path: Path) -> None:
    variables = {"CONSOLE_WEB_URL": "https://example.org/homeport"}
    async with open_test_house(tmp_path, set_up=False, **variables) as house:
        transport = httpx.ASGITransport(house.app)
        async with httpx.AsyncClient(
            transport=transport, base_url="https://example.org/homeport/console/api"
        ) as browser:
            first = {"email": "ada@example.org", "password": "correct horse 1"}
            assert (await browser.post("/setup", json={**first, "name": "Ada"})).status_code == 201
            answer = await browser.post("/login", json=first)
            given = answer.headers.get_list("set-cookie")
            assert len(given) == 2
            assert all("Path=/homeport" in cookie and "Secure" in cookie for cookie in given)
            assert given[0].startswith("__Secure-access_token=")
            assert (await browser.get("/account/profile")).status_code == 200
            assert (await browser.post("/logout", headers={"X-CSRF-Token": browser.cookies["csrf_token"]})).is_success
            assert (await browser.get("/account/profile")).status_code == 401


@pytest.mark.parametrize(
    ("path", "asked", "seen"),
    [
        ("/sub", "/sub/apps/1", "/apps/1"),
        ("/sub", "/apps/1", "/apps/1"),
        ("/sub", "/", "/"),
        ("/sub", "/subject", "/subject"),
        ("/a/b", "/a/b/v1/datasets", "/v1/datasets"),
        # A console below a path that begins like an address of its own.
        ("/console", "/console/api/login", "/console/api/login"),
        ("/console", "/console/console/api/login", "/console/api/login"),
        ("/console", "/console/apps", "/apps"),
        ("/v1", "/v1/datasets", "/v1/datasets"),
        ("/v1", "/v1/v1/datasets", "/v1/v1/datasets"),
    ],
)
async def test_a_path_is_understood_whether_or_not_the_proxy_cut_the_prefix_off(
    path: str, asked: str, seen: str
) -> None:
    async def tell(request: Request) -> PlainTextResponse:
        return PlainTextResponse(f"/{request.path_params['rest']}")

    app = Starlette(routes=[Route("/{rest:path}", tell)], middleware=[Middleware(SubPath, path=path)])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://homeport.test") as client:
        assert (await client.get(asked)).text == seen


async def test_redirections_lead_below_the_path(tmp_path: Path) -> None:
    async with open_test_house(tmp_path, set_up=False, CONSOLE_WEB_URL="https://example.org/homeport") as house:
        transport = httpx.ASGITransport(house.app)
        async with httpx.AsyncClient(transport=transport, base_url="https://example.org") as client:
            for asked in ("/homeport/v1/datasets/", "/v1/datasets/"):
                moved = await client.get(asked)
                assert moved.headers["location"] == "https://example.org/homeport/v1/datasets", asked
            assert (await client.get("/homeport")).is_redirect


async def test_the_page_may_load_from_its_own_server_and_ask_the_api_alone(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text(PAGE)
    named = Addresses(console_web="https://example.org", console_api="https://api.example.org/x")
    app = Starlette(routes=[Mount("/", ConsoleFiles(directory=tmp_path, addresses=named))])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://homeport.test") as client:
        for path in ("/", "/index.html", "/apps/1"):
            policy = (await client.get(path)).headers["content-security-policy"]
            assert "connect-src 'self' https://api.example.org;" in policy
            assert "frame-ancestors 'none'" in policy
            assert "script-src" not in policy  # so that default-src holds
        assert (await client.post("/apps")).status_code == 405


async def test_a_console_elsewhere_may_send_its_cookie(tmp_path: Path) -> None:
    variables = {
        "CONSOLE_WEB_URL": "https://Example.org/ui",
        "CONSOLE_API_URL": "https://api.example.org",
        "CONSOLE_CORS_ALLOW_ORIGINS": "*",
    }
    async with open_test_house(tmp_path, set_up=False, **variables) as house:
        transport = httpx.ASGITransport(house.app)
        async with httpx.AsyncClient(transport=transport, base_url="https://api.example.org") as client:
            for origin, allowed in (("https://example.org", "https://example.org"), ("https://other.org", None)):
                answer = await client.get("/console/api/system", headers={"Origin": origin})
                assert answer.headers.get("access-control-allow-origin") == allowed
            assert (await client.get("/console/api/system", headers={"Origin": "https://example.org"})).headers.get(
                "access-control-allow-credentials"
            ) == "true"


def test_an_origin_is_what_browsers_send() -> None:
    assert origin_of("https://Example.org:8443/sub") == "https://example.org:8443"
    assert origin_of("") == ""
