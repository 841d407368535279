"""Fetching from real servers on loopback: pinned, checked at each redirect, bounded in size and time."""

from __future__ import annotations

import asyncio
import gzip

import httpx
import pytest

from homeport.runtime.outbound.client import Fetched, Outbound
from homeport.runtime.outbound.errors import AddressRefused, AnswerTooLarge, OutboundFailed
from homeport.runtime.outbound.resolve import Resolve, ask_system
from homeport.runtime.outbound.settings import OutboundSettings
from tests.support.http_site import Answer, ok, redirect, site
from tests.support.servers import free_port


def always(answer: bytes) -> Answer:
    async def write(path: str, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)

    return write


async def fetch(
    url: str, *, allow: str = "", max_bytes: int = 1000, resolve: Resolve = ask_system, seconds: float = 20
) -> Fetched:
    settings = OutboundSettings.model_validate({"outbound_allow_private": allow, "ssrf_default_max_retries": 0})
    outbound = Outbound(settings, resolve=resolve)
    try:
        return await outbound.fetch(url, max_bytes=max_bytes, seconds=seconds)
    finally:
        await outbound.close()


async def test_gives_bytes_type_and_final_address() -> None:
    async with site(always(ok(b"hello", "Content-Type: text/plain; charset=utf-8"))) as server:
        url = f"http://127.0.0.1:{server.port}/a.txt?version=2"
        got = await fetch(url, allow=f"127.0.0.1:{server.port}")
    assert got == Fetched(b"hello", "text/plain; charset=utf-8", url)


@pytest.mark.parametrize("entry", ["127.0.0.1", "127.0.0.0/8", "localhost", "LocalHost.", "10.0.0.0/8, 127.0.0.1"])
async def test_visits_what_the_operator_has_opened(entry: str) -> None:
    async def resolve(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    async with site(always(ok(b"open"))) as server:
        got = await fetch(f"http://localhost:{server.port}/", allow=entry, resolve=resolve)
    assert got.content == b"open"


@pytest.mark.parametrize("entry", ["127.0.0.1:1", "localhost:1", "other", "10.0.0.0/8", "127.0.0.2", "host"])
async def test_an_entry_opens_nothing_but_itself(entry: str) -> None:
    async with site(always(ok(b"open"))) as server:
        with pytest.raises(AddressRefused):
            await fetch(f"http://localhost:{server.port}/", allow=entry)
    assert server.heads == []


async def test_the_first_answer_for_a_name_is_the_one_connected_to() -> None:
    answers = iter([["127.0.0.2"], ["127.0.0.1"]])

    async def rebinding(host: str, port: int) -> list[str]:
        return next(answers)

    async with site(always(ok(b"pinned")), host="127.0.0.2") as server:
        url = f"http://rebind.example:{server.port}/"
        got = await fetch(url, allow="127.0.0.2", resolve=rebinding)
        assert got.content == b"pinned"
        assert f"Host: rebind.example:{server.port}\r\n" in server.heads[0]
        with pytest.raises(AddressRefused):
            await fetch(url, allow="127.0.0.2", resolve=rebinding)
    assert len(server.heads) == 1


async def test_tries_the_next_address_when_the_first_does_not_answer() -> None:
    async def resolve(host: str, port: int) -> list[str]:
        return ["127.0.0.3", "127.0.0.1"]

    async with site(always(ok(b"second"))) as server:
        got = await fetch(f"http://twin.example:{server.port}/", allow="127.0.0.0/8", resolve=resolve)
    assert got.content == b"second"


@pytest.mark.parametrize(
    "location",
    [
        "http://10.0.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::1]/",
        "http://2130706433/",
        "http://127.0.0.1:1/",
        "//127.0.0.1:1/",
        "file:///etc/passwd",
        "http://user:pw@127.0.0.1/",
        "gopher://127.0.0.1/",
    ],
)
async def test_a_redirect_is_checked_like_the_first_address(location: str) -> None:
    async with site(always(redirect(location))) as server:
        with pytest.raises((AddressRefused, OutboundFailed)) as refused:
            await fetch(f"http://127.0.0.1:{server.port}/", allow=f"127.0.0.1:{server.port}")
    assert isinstance(refused.value, AddressRefused)


async def test_follows_five_redirects_and_no_more() -> None:
    async def countdown(path: str, writer: asyncio.StreamWriter) -> None:
        left = int(path.removeprefix("/"))
        writer.write(redirect(f"/{left - 1}") if left else ok(b"arrived"))

    async with site(countdown) as server:
        base, allow = f"http://127.0.0.1:{server.port}", "127.0.0.1"
        got = await fetch(f"{base}/5", allow=allow)
        assert (got.content, got.final_url) == (b"arrived", f"{base}/0")
        with pytest.raises(OutboundFailed, match="more than 5 redirects"):
            await fetch(f"{base}/6", allow=allow)


async def test_a_redirect_to_another_host_does_not_carry_the_authorization() -> None:
    async with (
        site(always(ok(b"there")), host="127.0.0.2") as there,
        site(always(redirect(f"http://127.0.0.2:{there.port}/"))) as here,
    ):
        outbound = Outbound(OutboundSettings.model_validate({"outbound_allow_private": "127.0.0.0/8"}))
        await outbound.fetch(f"http://127.0.0.1:{here.port}/", max_bytes=9, headers={"Authorization": "Bearer x"})
        await outbound.close()
    assert "Authorization: Bearer x" in here.heads[0]
    assert "authorization" not in there.heads[0].lower()


@pytest.mark.parametrize("announced", [True, False])
async def test_stops_at_the_size_limit(announced: bool) -> None:
    async def endless(path: str, writer: asyncio.StreamWriter) -> None:
        length = "Content-Length: 1000000000\r\n" if announced else ""
        writer.write(f"HTTP/1.1 200 OK\r\n{length}Connection: close\r\n\r\n".encode())
        while True:
            writer.write(b"x" * 65536)
            await writer.drain()

    async with site(endless) as server:
        with pytest.raises(AnswerTooLarge, match="1000 bytes"):
            await fetch(f"http://127.0.0.1:{server.port}/", allow="127.0.0.1")


async def test_accepts_an_answer_of_exactly_the_limit() -> None:
    async with site(always(ok(b"x" * 1000))) as server:
        assert len((await fetch(f"http://127.0.0.1:{server.port}/", allow="127.0.0.1")).content) == 1000


async def test_a_redirect_with_an_endless_body_is_not_read() -> None:
    async def endless(path: str, writer: asyncio.StreamWriter) -> None:
        if path == "/end":
            writer.write(ok(b"end"))
            return
        writer.write(b"HTTP/1.1 302 Found\r\nLocation: /end\r\nConnection: close\r\n\r\n")
        while True:
            writer.write(b"x" * 65536)
            await writer.drain()

    async with site(endless) as server:
        assert (await fetch(f"http://127.0.0.1:{server.port}/", allow="127.0.0.1")).content == b"end"


async def test_a_compressed_answer_is_not_unfolded() -> None:
    bomb = gzip.compress(b"\0" * 10_000_000)
    async with site(always(ok(bomb, "Content-Encoding: gzip"))) as server:
        with pytest.raises(OutboundFailed, match="compressed"):
            await fetch(f"http://127.0.0.1:{server.port}/", allow="127.0.0.1", max_bytes=50_000_000)
    assert "Accept-Encoding: identity" in server.heads[0]


async def test_a_trickling_answer_ends_with_the_time_limit() -> None:
    async def trickle(path: str, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        while True:
            writer.write(b".")
            await writer.drain()
            await asyncio.sleep(0.01)

    async with site(trickle) as server:
        with pytest.raises(OutboundFailed, match="did not finish"):
            await fetch(f"http://127.0.0.1:{server.port}/", allow="127.0.0.1", max_bytes=10**9, seconds=0.2)


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "answered 404 Not Found"),
        (b"HTTP/1.1 304 Not Modified\r\n\r\n", "answered 304"),
        (b"HTTP/1.1 302 Found\r\nLocation: http://a:b:c/\r\nContent-Length: 0\r\n\r\n", "could not be read"),
        (b"no http at all\r\n\r\n", "could not be read"),
        (b"", "could not be read"),
    ],
)
async def test_a_wrong_answer_is_said_without_the_query(answer: bytes, sentence: str) -> None:
    async with site(always(answer)) as server:
        with pytest.raises(OutboundFailed, match=sentence) as failure:
            await fetch(f"http://127.0.0.1:{server.port}/a?key=hidden", allow="127.0.0.1")
    assert "hidden" not in str(failure.value)


async def test_nobody_there_and_an_unknown_name_are_said() -> None:
    async def unknown(host: str, port: int) -> list[str]:
        raise OSError("no such name")

    with pytest.raises(OutboundFailed, match="could not be read"):
        await fetch(f"http://127.0.0.1:{free_port()}/", allow="127.0.0.1")
    with pytest.raises(OutboundFailed, match=r"the name nowhere\.example is not known"):
        await fetch("http://nowhere.example/", resolve=unknown)


async def test_cookies_of_one_visit_are_not_sent_with_the_next() -> None:
    async with site(always(ok(b"", "Set-Cookie: session=of-somebody; Path=/"))) as server:
        outbound = Outbound(OutboundSettings.model_validate({"outbound_allow_private": "127.0.0.1"}))
        for _ in range(2):
            await outbound.fetch(f"http://127.0.0.1:{server.port}/", max_bytes=9)
        await outbound.close()
    assert len(server.heads) == 2
    assert not any("cookie" in head.lower() for head in server.heads)


async def test_the_streaming_client_is_guarded_too() -> None:
    outbound = Outbound(OutboundSettings())
    with pytest.raises(AddressRefused):
        await outbound.http.post("http://127.0.0.1:1/v1/chat/completions", json={})
    with pytest.raises(AddressRefused):
        await outbound.http.get("http://localhost:1/", follow_redirects=True)
    await outbound.close()


async def test_the_environment_cannot_lead_around_the_guard(monkeypatch: pytest.MonkeyPatch) -> None:
    async with site(always(ok(b"through a proxy"))) as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{proxy.port}")
        with pytest.raises(AddressRefused):
            await fetch("http://localhost:1/")
    assert proxy.heads == []


def test_making_an_outbound_makes_no_client() -> None:
    outbound = Outbound(OutboundSettings())
    assert "http" not in outbound.__dict__
    assert isinstance(outbound.http, httpx.AsyncClient)


async def test_a_client_of_its_own_is_given_checked_addresses_only() -> None:
    answers = {"site.example": ["203.0.114.1", "203.0.114.1", "2606:4700::1"], "inner.example": ["10.0.0.1"]}

    async def resolve(host: str, port: int) -> list[str]:
        if host not in answers:
            raise OSError("no such name")
        return answers[host]

    outbound = Outbound(OutboundSettings(), resolve=resolve)
    assert await outbound.checked_addresses("site.example", 443) == ["203.0.114.1", "2606:4700::1"]
    with pytest.raises(AddressRefused):
        await outbound.checked_addresses("inner.example", 443)
    await outbound.check_resolved("https://site.example/v1")
    await outbound.check_resolved("https://unknown.example/v1")
    for refused in ("https://inner.example/v1", "http://127.0.0.1:11434/v1", "file:///etc/passwd"):
        with pytest.raises(AddressRefused):
            await outbound.check_resolved(refused)
    await outbound.close()
