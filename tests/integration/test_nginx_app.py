"""The real application behind the real nginx: it learns who visits, and nobody can pretend to be another."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from tests.support.processes import Installation
from tests.support.proxied import proxied

pytestmark = pytest.mark.process

_FIRST = {"email": "ada@example.org", "name": "Ada", "password": "correct horse 1"}
_WRONG = {"email": "ada@example.org", "password": "something else 2"}


@contextmanager
def behind_nginx(alone: Installation, **settings: str) -> Iterator[httpx.Client]:
    alone.settings["RESPECT_XFORWARD_HEADERS_ENABLED"] = "true"  # as in deploy/compose
    _, address = alone.up()
    upstreams = {"NGINX_API_UPSTREAM": address, "NGINX_WEB_UPSTREAM": address}
    with (
        proxied(**upstreams, **settings) as nginx,
        httpx.Client(base_url=nginx.address, trust_env=False, timeout=30) as visitor,
    ):
        answer = visitor.post("/console/api/setup", json=_FIRST)
        assert answer.status_code == 201, answer.text
        yield visitor


def _attempts(visitor: httpx.Client) -> list[int]:
    """Six wrong passwords, each said to come from elsewhere."""
    return [
        visitor.post("/console/api/login", json=_WRONG, headers={"X-Forwarded-For": f"203.0.113.{number}"}).status_code
        for number in range(6)
    ]


def test_a_forged_address_does_not_escape_the_limit_of_attempts(alone: Installation) -> None:
    with behind_nginx(alone) as visitor:
        assert _attempts(visitor) == [401, 401, 401, 401, 401, 429]


def test_visitors_behind_a_trusted_proxy_are_told_apart(alone: Installation) -> None:
    with behind_nginx(alone, NGINX_TRUSTED_PROXIES="127.0.0.1") as visitor:
        assert _attempts(visitor) == [401] * 6


def test_the_application_works_through_nginx(alone: Installation) -> None:
    with behind_nginx(alone) as visitor:
        ready = visitor.get("/health/ready")
        entered = visitor.post("/console/api/login", json={"email": _FIRST["email"], "password": _FIRST["password"]})
        profile = visitor.get("/console/api/account/profile")
        unknown = visitor.get("/v1/info")
    assert (ready.status_code, entered.status_code, unknown.status_code) == (200, 200, 401)
    assert profile.json()["email"] == _FIRST["email"]
