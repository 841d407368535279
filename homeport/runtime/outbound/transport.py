"""The way every visit takes: checked as written, then pinned to its checked address or handed to the proxy."""

from __future__ import annotations

import ssl

import httpcore
import httpx

from homeport.runtime.outbound.guard import Guard
from homeport.runtime.outbound.pin import PinningBackend
from homeport.runtime.outbound.resolve import Resolve
from homeport.runtime.outbound.settings import OutboundSettings


class PinnedTransport(httpx.AsyncHTTPTransport):
    """Direct connections, made by the `PinningBackend`."""

    def __init__(self, settings: OutboundSettings, context: ssl.SSLContext, backend: PinningBackend) -> None:
        super().__init__(verify=context, trust_env=False)
        # httpx has no parameter for the network backend; its pool, made anew with one, is all that differs.
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=context,
            max_connections=settings.ssrf_pool_max_connections,
            max_keepalive_connections=settings.ssrf_pool_max_keepalive_connections,
            keepalive_expiry=settings.ssrf_pool_keepalive_expiry,
            retries=settings.ssrf_default_max_retries,
            network_backend=backend,
        )


class GuardedTransport(httpx.AsyncBaseTransport):
    """Checks each request, redirects included, and sends it on its way."""

    def __init__(self, settings: OutboundSettings, guard: Guard, resolve: Resolve, context: ssl.SSLContext) -> None:
        self._guard = guard
        self._direct = PinnedTransport(settings, context, PinningBackend(guard, resolve))
        self._proxies: dict[str, httpx.AsyncHTTPTransport] = {}
        for scheme, address in (
            ("http", settings.ssrf_proxy_all_url or settings.ssrf_proxy_http_url),
            ("https", settings.ssrf_proxy_all_url or settings.ssrf_proxy_https_url),
        ):
            if address:
                self._proxies[scheme] = _through(address, settings, context)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send `request`, or raise AddressRefused.

        Behind a proxy names are the proxy's to resolve and refuse; what the operator has opened goes directly.
        """
        self._guard.check_written(request.url)
        proxy = self._proxies.get(request.url.scheme)
        if proxy is None or self._guard.is_opened(request.url):
            return await self._direct.handle_async_request(request)
        return await proxy.handle_async_request(request)

    async def aclose(self) -> None:
        """Close every connection."""
        for transport in (self._direct, *self._proxies.values()):
            await transport.aclose()


def _through(address: str, settings: OutboundSettings, context: ssl.SSLContext) -> httpx.AsyncHTTPTransport:
    return httpx.AsyncHTTPTransport(
        verify=context,
        trust_env=False,
        proxy=httpx.Proxy(address),
        limits=httpx.Limits(
            max_connections=settings.ssrf_pool_max_connections,
            max_keepalive_connections=settings.ssrf_pool_max_keepalive_connections,
            keepalive_expiry=settings.ssrf_pool_keepalive_expiry,
        ),
        retries=settings.ssrf_default_max_retries,
    )
