"""Behind a reverse proxy the caller is whom that proxy saw, whatever the caller has written into the headers."""

from __future__ import annotations

import pytest
from starlette.types import Receive, Scope, Send

from homeport.runtime.http.behind_proxy import BehindProxy

_FOR, _PROTO = b"x-forwarded-for", b"x-forwarded-proto"


async def seen(*headers: tuple[bytes, bytes]) -> tuple[str, str]:
    """The caller's address and scheme, as the application sees them."""
    scopes: list[Scope] = []

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        scopes.append(scope)

    async def never() -> dict[str, object]:
        raise AssertionError

    async def nothing(message: object) -> None:
        raise AssertionError(message)

    scope = {"type": "http", "scheme": "http", "client": ("10.0.0.2", 5), "headers": list(headers)}
    await BehindProxy(application)(scope, never, nothing)
    assert scope["client"] == ("10.0.0.2", 5), "what others hold is not changed"
    return scopes[0]["client"][0], scopes[0]["scheme"]


@pytest.mark.parametrize(
    ("value", "address"),
    [
        (b"203.0.113.9", "203.0.113.9"),
        (b"1.2.3.4, 203.0.113.9", "203.0.113.9"),
        (b"invented,203.0.113.9 ", "203.0.113.9"),
        (b"203.0.113.9:4711", "203.0.113.9"),
        (b"2001:db8::1", "2001:db8::1"),
        (b"[2001:db8::1]:4711", "2001:db8::1"),
        (b"unknown", "10.0.0.2"),
        (b"203.0.113.9,", "10.0.0.2"),
        (b"", "10.0.0.2"),
    ],
)
async def test_the_last_address_is_the_proxys_word(value: bytes, address: str) -> None:
    assert await seen((_FOR, value)) == (address, "http")


async def test_of_several_headers_the_last_counts() -> None:
    assert await seen((_FOR, b"1.2.3.4"), (_FOR, b"203.0.113.9")) == ("203.0.113.9", "http")


@pytest.mark.parametrize(("value", "scheme"), [(b"https", "https"), (b"ftp", "http"), (b"http, HTTPS", "https")])
async def test_the_scheme_is_the_proxys_too(value: bytes, scheme: str) -> None:
    assert await seen((_PROTO, value)) == ("10.0.0.2", scheme)


async def test_without_headers_nothing_changes() -> None:
    assert await seen() == ("10.0.0.2", "http")
