"""/metrics: the figures of this process, or of all API processes of this container, as Prometheus reads them.

They tell of workloads and names of models, so they are not for everybody: with METRICS_TOKEN whoever has it may read
them, without one only a private address that asks directly. What comes through a proxy comes from anywhere.
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress

from prometheus_client.exposition import choose_encoder
from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from homeport.entry.sample_figures import Figures
from homeport.runtime.errors import Forbidden, Unauthorized
from homeport.runtime.ops.meters import everything

_THROUGH_PROXY = ("x-forwarded-for", "x-real-ip", "forwarded", "via")


def route(token: SecretStr | None) -> Route:
    """The address; an app whose state has `figures` gets them refreshed."""

    async def metrics(request: Request) -> Response:
        _check(request, token)
        figures: Figures | None = getattr(request.app.state, "figures", None)
        if figures is not None:
            await figures.refresh()
        encode, media_type = choose_encoder(request.headers.get("accept", ""))
        # In a thread: thousands of lines would hold up every stream of this process.
        text = await asyncio.to_thread(encode, everything())
        return Response(text, headers={"Content-Type": media_type})

    return Route("/metrics", metrics)


def _check(request: Request, token: SecretStr | None) -> None:
    """Raise `Unauthorized` or `Forbidden` for whom the figures are not."""
    if token is not None:
        given = request.headers.get("authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {token.get_secret_value()}".encode()):
            raise Unauthorized("The figures are for whoever sends METRICS_TOKEN as a bearer token.")
        return
    asked_directly = not any(name in request.headers for name in _THROUGH_PROXY)
    if request.client is None or not asked_directly or not _is_private(request.client.host):
        raise Forbidden(
            "The figures are shown to private addresses that ask directly, not through a proxy.",
            hint="Set METRICS_TOKEN and send it as a bearer token to read them from anywhere.",
        )


def _is_private(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return address.is_private or address.is_loopback
