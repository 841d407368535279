"""`Outbound`: visit an address that a user gave, without becoming the user's way into the private network."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING

from homeport.runtime.lazy_module import LazyModule
from homeport.runtime.outbound.allow import read_allow_list
from homeport.runtime.outbound.errors import AddressRefused, AnswerTooLarge, OutboundFailed
from homeport.runtime.outbound.guard import Guard, ascii_host, port_of, shown
from homeport.runtime.outbound.resolve import Resolve, ask_system
from homeport.runtime.outbound.settings import OutboundSettings

if TYPE_CHECKING:
    import httpcore
    import httpx

    from homeport.runtime.outbound import pin, transport
else:
    httpcore = LazyModule("httpcore")
    httpx = LazyModule("httpx")
    pin = LazyModule("homeport.runtime.outbound.pin")
    transport = LazyModule("homeport.runtime.outbound.transport")

_MAX_REDIRECTS = 5


@dataclass(frozen=True, slots=True)
class Fetched:
    """What an address gave: the bytes, their media type as the server named it, the address after all redirects."""

    content: bytes
    content_type: str
    final_url: str


class Outbound:
    """The one HTTP client for addresses given by users. Made once per process; used on one event loop."""

    def __init__(
        self, settings: OutboundSettings, *, resolve: Resolve = ask_system, context: ssl.SSLContext | None = None
    ) -> None:
        """`resolve` gives the addresses of a name; `context` holds trusted certificates (default: the system's)."""
        self._settings = settings
        self._resolve = resolve
        self._context = context
        self._guard = Guard(read_allow_list(settings.outbound_allow_private))

    @cached_property
    def http(self) -> httpx.AsyncClient:
        """A guarded httpx client, for what `fetch` is too small for. It follows no redirects and keeps no cookies.

        It raises AddressRefused for an address that may not be visited, and httpx' own errors for all else.
        """
        settings = self._settings
        return httpx.AsyncClient(
            transport=transport.GuardedTransport(
                settings, self._guard, self._resolve, self._context or httpx.create_ssl_context()
            ),
            timeout=httpx.Timeout(
                settings.ssrf_default_time_out,
                connect=settings.ssrf_default_connect_time_out,
                read=settings.ssrf_default_read_time_out,
                write=settings.ssrf_default_write_time_out,
            ),
            # The jar itself: httpx copies anything else into one that keeps cookies, for all users alike.
            cookies=CookieJar(policy=DefaultCookiePolicy(allowed_domains=())),
            # Proxies come from the settings alone, not from HTTP_PROXY, and no password from ~/.netrc.
            trust_env=False,
        )

    def check(self, url: str) -> None:
        """Refuse `url` as far as that can be seen from how it is written; for early answers while a form is filled."""
        self._guard.check_written(_read(url))

    async def check_resolved(self, url: str) -> list[str]:
        """The addresses that the name in `url` leads to now; none for an unknown name.

        For clients of their own (a model's, say) that cannot go through `http` and connect to exactly these. Raises
        AddressRefused by how `url` is written or by where it leads.
        """
        address = _read(url)
        self._guard.check_written(address)
        try:
            return await self.checked_addresses(ascii_host(address), port_of(address))
        except (httpcore.ConnectError, TimeoutError):
            return []

    async def checked_addresses(self, host: str, port: int) -> list[str]:
        """Where `host` leads, for connecting to exactly these; AddressRefused when any of them is not public.

        Raises httpcore.ConnectError for an unknown name, TimeoutError when nobody knows it in time.
        """
        async with asyncio.timeout(self._settings.ssrf_default_connect_time_out):
            found = await pin.PinningBackend(self._guard, self._resolve).checked_addresses(host, port)
        return [str(address) for address in found]

    async def fetch(
        self, url: str, *, max_bytes: int, headers: Mapping[str, str] | None = None, seconds: float = 60
    ) -> Fetched:
        """Get `url`, over at most five redirects, in at most `seconds`.

        Raises AddressRefused, AnswerTooLarge for more than `max_bytes`, OutboundFailed for everything else.
        """
        address = _read(url)
        try:
            async with asyncio.timeout(seconds):
                # A compressed answer could unfold to any size; so none is asked for.
                request = self.http.build_request(
                    "GET", address, headers={"Accept-Encoding": "identity", **(headers or {})}
                )
                return await self._follow(request, max_bytes)
        except TimeoutError as error:
            raise OutboundFailed(f"{shown(address)} did not finish within {seconds:g} s.") from error
        except httpx.TimeoutException as error:
            raise OutboundFailed(f"{shown(address)} did not answer in time.") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise OutboundFailed(f"{shown(address)} could not be read: {error or type(error).__name__}.") from error

    async def _follow(self, request: httpx.Request, max_bytes: int) -> Fetched:
        for _ in range(_MAX_REDIRECTS + 1):
            response = await self.http.send(request, stream=True, follow_redirects=False)
            try:
                if response.next_request is None:
                    return await _read_answer(response, max_bytes)
                request = response.next_request
            finally:
                await response.aclose()
        raise OutboundFailed(f"{shown(request.url)} is the end of more than {_MAX_REDIRECTS} redirects.")

    async def close(self) -> None:
        """Close every connection."""
        if "http" in self.__dict__:
            await self.http.aclose()


def _read(url: str) -> httpx.URL:
    try:
        return httpx.URL(url.strip())
    except (httpx.InvalidURL, UnicodeError) as error:
        raise AddressRefused("The address cannot be read; accepted is a form like https://example.com/page.") from error


async def _read_answer(response: httpx.Response, max_bytes: int) -> Fetched:
    where = shown(response.url)
    if response.status_code >= 300:
        raise OutboundFailed(f"{where} answered {response.status_code} {response.reason_phrase}.".replace(" .", "."))
    if response.headers.get("content-encoding", "identity") not in ("", "identity"):
        raise OutboundFailed(f"{where} sent a compressed answer although none was asked for.")
    too_large = AnswerTooLarge(f"{where} is larger than the accepted {max_bytes} bytes.")
    announced = response.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > max_bytes:
        raise too_large
    content = bytearray()
    async for chunk in response.aiter_raw():
        content += chunk
        if len(content) > max_bytes:
            raise too_large
    return Fetched(bytes(content), response.headers.get("content-type", ""), str(response.url))
