"""What stands before everything: routes, streams, uploads, TLS, sub-paths, and who the visitor is."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.support.certificates import make_certificate
from tests.support.proxied import Proxied, Upstream, proxied, start_only, upstream

_PATIENCE = 30


@dataclass
class Front:
    """A running nginx, what is behind it, and a visitor."""

    nginx: Proxied
    api: Upstream
    web: Upstream
    plugins: Upstream
    visitor: httpx.AsyncClient


@asynccontextmanager
async def front(
    files: dict[str, bytes] | None = None, trust: ssl.SSLContext | None = None, /, **settings: str
) -> AsyncIterator[Front]:
    async with AsyncExitStack() as stack:
        api, web, plugins = [await stack.enter_async_context(upstream(name)) for name in ("api", "web", "plugins")]
        behind = {
            "NGINX_API_UPSTREAM": api.address,
            "NGINX_WEB_UPSTREAM": web.address,
            "NGINX_PLUGIN_UPSTREAM": plugins.address,
        }
        nginx = stack.enter_context(proxied(files, **{**behind, **settings}))
        visitor = await stack.enter_async_context(
            httpx.AsyncClient(base_url=nginx.address, verify=trust or True, trust_env=False, timeout=_PATIENCE)
        )
        yield Front(nginx, api, web, plugins, visitor)


@pytest.mark.parametrize(
    ("path", "by"),
    [
        ("/console/api/setup", "api"),
        ("/api/messages", "api"),
        ("/v1/chat-messages", "api"),
        ("/v1", "api"),
        ("/files/1/file-preview?sign=a%2Fb", "api"),
        ("/mcp/server/1/mcp", "api"),
        ("/triggers/webhook/1", "api"),
        ("/health", "api"),
        ("/health/ready", "api"),
        ("/e/hook/path", "plugins"),
        ("/", "web"),
        ("/apps", "web"),
        ("/assets/index.js", "web"),
        ("/v1x", "web"),
        ("/healthy", "web"),
        ("/a%2Fb%20c?x=%2F", "web"),
    ],
)
async def test_each_path_reaches_its_server_as_it_was_asked(path: str, by: str) -> None:
    async with front() as found:
        answer = await found.visitor.get(path)
    assert (answer.json()["by"], answer.json()["target"]) == (by, path)


@pytest.mark.parametrize("path", ["/v1/stream", "/api/stream", "/console/api/stream", "/e/stream"])
async def test_an_event_arrives_before_the_next_is_sent(path: str) -> None:
    async with front() as found, found.visitor.stream("GET", path) as answer:
        events = answer.aiter_text()
        first = await asyncio.wait_for(anext(events), _PATIENCE)
        # The server waits for this: had nginx kept the first event back, neither would have come.
        found.api.may_go_on.set()
        found.plugins.may_go_on.set()
        rest = "".join([text async for text in events])
    assert (first, rest) == ("data: first\n\n", "data: last\n\n")


async def test_an_upload_of_30_megabytes_passes_while_it_is_sent() -> None:
    piece = b"x" * (1024 * 1024)

    async with front() as found:

        async def body() -> AsyncIterator[bytes]:
            yield piece
            await asyncio.wait_for(found.api.upload_began.wait(), _PATIENCE)  # it is not kept back until it is whole
            for _ in range(29):
                yield piece

        headers = {"Content-Length": str(30 * len(piece))}
        answer = await found.visitor.post("/v1/files/upload", content=body(), headers=headers)
        assert answer.json()["received"] == 30 * len(piece)


async def test_a_request_over_the_limit_is_refused_in_the_words_of_the_api() -> None:
    async with front(NGINX_CLIENT_MAX_BODY_SIZE="1M") as found:
        small = await found.visitor.post("/v1/files/upload", content=b"x" * 1024 * 1024)
        large = await found.visitor.post("/v1/files/upload", content=b"x" * (1024 * 1024 + 1))
        assert found.api.asked == 1
    assert small.status_code == 200
    assert (large.status_code, large.json()["code"], large.json()["status"]) == (413, "file_too_large", 413)
    assert "NGINX_CLIENT_MAX_BODY_SIZE" in large.json()["message"]
    assert large.headers["content-type"] == "application/json"


async def test_a_request_of_unknown_length_is_refused_as_well() -> None:
    async def body() -> AsyncIterator[bytes]:
        for _ in range(64):
            yield b"x" * 65536

    async with front(NGINX_CLIENT_MAX_BODY_SIZE="1M") as found:
        answer = await found.visitor.post("/v1/files/upload", content=body())
    assert (answer.status_code, answer.json()["code"]) == (413, "file_too_large")


async def test_without_a_server_the_api_s_answer_is_json_and_the_door_still_stands() -> None:
    async with front(NGINX_API_UPSTREAM="http://127.0.0.1:1") as found:
        away = await found.visitor.get("/v1/info")
        door = await found.visitor.get("/nginx-health")
    assert (away.status_code, away.json()["code"]) == (502, "server_away")
    assert door.text == "ok\n"


FORGED = {
    "X-Forwarded-For": "203.0.113.7, 198.51.100.1",
    "X-Real-IP": "203.0.113.7",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "evil.example.org",
    "X-Forwarded-Port": "444",
    "X-Forwarded-Prefix": "/evil",
    "Forwarded": "for=203.0.113.7;proto=https",
    "Proxy": "http://evil.example.org:8080",
    "Dify-Hook-Url": "http://evil.example.org/e/1",
}


@pytest.mark.parametrize("path", ["/v1/info", "/", "/e/hook"])
async def test_what_a_visitor_claims_about_itself_is_replaced(path: str) -> None:
    async with front() as found:
        seen = (await found.visitor.get(path, headers=FORGED)).json()["headers"]
        host = f"127.0.0.1:{found.nginx.plain}"
    assert (seen["x-forwarded-for"], seen["x-real-ip"]) == ("127.0.0.1", "127.0.0.1")
    assert (seen["x-forwarded-proto"], seen["x-forwarded-host"], seen["host"]) == ("http", host, host)
    assert {"x-forwarded-port", "x-forwarded-prefix", "forwarded", "proxy"}.isdisjoint(seen)
    assert seen.get("dify-hook-url") == (f"http://{host}/e/hook" if path == "/e/hook" else None)


@pytest.mark.parametrize(
    ("chain", "visitor"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("198.51.100.9, 203.0.113.7", "203.0.113.7"),
        ("198.51.100.9, 203.0.113.7, 10.1.2.3", "203.0.113.7"),
    ],
)
async def test_a_trusted_proxy_in_front_says_who_the_visitor_is(chain: str, visitor: str) -> None:
    async with front(NGINX_TRUSTED_PROXIES="127.0.0.1,10.0.0.0/8") as found:
        headers = {"X-Forwarded-For": chain, "X-Forwarded-Proto": "https"}
        seen = (await found.visitor.get("/v1/info", headers=headers)).json()["headers"]
    assert (seen["x-forwarded-for"], seen["x-real-ip"], seen["x-forwarded-proto"]) == (visitor, visitor, "https")


async def test_a_proxy_that_is_not_trusted_is_a_visitor_like_others() -> None:
    async with front(NGINX_TRUSTED_PROXIES="10.0.0.0/8") as found:
        seen = (await found.visitor.get("/v1/info", headers=FORGED)).json()["headers"]
    assert (seen["x-forwarded-for"], seen["x-forwarded-proto"]) == ("127.0.0.1", "http")


async def test_answers_carry_security_headers_unless_the_server_has_its_own() -> None:
    async with front() as found:
        plain = await found.visitor.get("/v1/info")
        own = await found.visitor.get("/strict")
        hidden = plain.headers["server"]
    assert plain.headers.get_list("x-content-type-options") == ["nosniff"]
    assert plain.headers.get_list("referrer-policy") == ["strict-origin-when-cross-origin"]
    assert own.headers.get_list("referrer-policy") == ["own"]
    assert own.headers["content-security-policy"] == "own"
    assert hidden == "nginx"
    assert "strict-transport-security" not in plain.headers


@dataclass(frozen=True)
class Tls:
    """Certificate files as nginx wants them, and who trusts them."""

    files: dict[str, bytes]
    trust: ssl.SSLContext


@pytest.fixture
def tls(tmp_path: Path) -> Tls:
    made = make_certificate(tmp_path)
    files = {"ssl/dify.crt": made.certificate.read_bytes(), "ssl/dify.key": made.key.read_bytes()}
    return Tls(files, ssl.create_default_context(cafile=str(made.certificate)))


async def test_tls_serves_everything_and_http_leads_to_it(tls: Tls) -> None:
    async with front(tls.files, tls.trust, NGINX_HTTPS_ENABLED="true", NGINX_HSTS_MAX_AGE="600") as found:
        secure = await found.visitor.get(f"{found.nginx.secure}/v1/info")
        plain = await found.visitor.post("/v1/chat-messages?a=b", content=b"{}")
        door = await found.visitor.get("/nginx-health")
        where = f"https://127.0.0.1:{found.nginx.tls}/v1/chat-messages?a=b"
    assert secure.json()["headers"]["x-forwarded-proto"] == "https"
    assert secure.headers["strict-transport-security"] == "max-age=600"
    # 308 keeps the method and the body.
    assert (plain.status_code, plain.headers["location"]) == (308, where)
    assert door.status_code == 200


async def test_http_can_be_kept_beside_tls(tls: Tls) -> None:
    settings = {"NGINX_HTTPS_ENABLED": "true", "NGINX_HTTPS_REDIRECT": "false"}
    async with front(tls.files, tls.trust, **settings) as found:
        assert (await found.visitor.get("/v1/info")).json()["headers"]["x-forwarded-proto"] == "http"


async def test_old_versions_of_tls_are_refused(tls: Tls) -> None:
    settings = {"NGINX_HTTPS_ENABLED": "true", "NGINX_SSL_PROTOCOLS": "TLSv1.3"}
    tls.trust.maximum_version = ssl.TLSVersion.TLSv1_2
    async with front(tls.files, tls.trust, **settings) as found:
        with pytest.raises(httpx.ConnectError, match=r"(?i)protocol|alert"):
            await found.visitor.get(f"{found.nginx.secure}/v1/info")


async def test_a_challenge_is_answered_before_there_is_a_certificate() -> None:
    settings = {
        "NGINX_HTTPS_ENABLED": "true",
        "NGINX_ENABLE_CERTBOT_CHALLENGE": "true",
        "CERTBOT_DOMAIN": "homeport.example.org",
    }
    async with front({"acme/.well-known/acme-challenge/token": b"answer"}, **settings) as found:
        challenge = await found.visitor.get("/.well-known/acme-challenge/token")
        page = await found.visitor.get("/v1/info")
    assert (challenge.text, page.json()["by"]) == ("answer", "api")


async def test_the_certificate_of_certbot_is_taken_and_challenges_stay_on_http(tls: Tls) -> None:
    place = "letsencrypt/live/homeport.example.org"
    files = {
        f"{place}/fullchain.pem": tls.files["ssl/dify.crt"],
        f"{place}/privkey.pem": tls.files["ssl/dify.key"],
        "acme/.well-known/acme-challenge/token": b"answer",
    }
    settings = {
        "NGINX_HTTPS_ENABLED": "true",
        "NGINX_ENABLE_CERTBOT_CHALLENGE": "true",
        "CERTBOT_DOMAIN": "homeport.example.org",
    }
    async with front(files, tls.trust, **settings) as found:
        secure = await found.visitor.get(f"{found.nginx.secure}/v1/info")
        challenge = await found.visitor.get("/.well-known/acme-challenge/token")
    assert (secure.status_code, challenge.text) == (200, "answer")


@pytest.mark.parametrize(
    ("asked", "by", "target"),
    [
        ("/homeport/v1/info?x=1", "api", "/v1/info?x=1"),
        ("/homeport/console/api/setup", "api", "/console/api/setup"),
        ("/homeport/e/hook", "plugins", "/e/hook"),
        ("/homeport/", "web", "/"),
        ("/homeport/assets/a.js", "web", "/assets/a.js"),
    ],
)
async def test_below_a_path_the_path_is_cut_off_and_told(asked: str, by: str, target: str) -> None:
    async with front(NGINX_LOCATION_PREFIX="/homeport/") as found:
        seen = (await found.visitor.get(asked)).json()
        bare = await found.visitor.get("/homeport")
        beside = await found.visitor.get("/v1/info")
    assert (seen["by"], seen["target"], seen["headers"]["x-forwarded-prefix"]) == (by, target, "/homeport")
    assert (bare.status_code, bare.headers["location"]) == (308, "/homeport/")
    assert beside.status_code == 404


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"NGINX_HTTPS_ENABLED": "yes"}, "NGINX_HTTPS_ENABLED is 'yes'; accepted are true and false"),
        ({"NGINX_HTTPS_ENABLED": "true"}, "there is no file .*dify.crt"),
        ({"NGINX_LOCATION_PREFIX": "homeport"}, "begins with /"),
        ({"NGINX_LOCATION_PREFIX": "/a b;"}, "accepted are letters"),
        ({"NGINX_TRUSTED_PROXIES": "10.0.0.0/8;"}, "accepted are addresses and networks"),
    ],
)
def test_a_setting_that_is_not_accepted_ends_in_one_sentence(
    tmp_path: Path, settings: dict[str, str], words: str
) -> None:
    done = start_only(tmp_path, **settings)
    assert done.returncode == 1
    assert re.search(words, done.stderr)
    assert done.stderr.count("\n") == 1
