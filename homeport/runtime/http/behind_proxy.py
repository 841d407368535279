"""Who asks, when a reverse proxy stands in front: what that one proxy says, and no more."""

from __future__ import annotations

from ipaddress import ip_address

from starlette.types import ASGIApp, Receive, Scope, Send


class BehindProxy:
    """Puts the caller that the proxy saw in the place of the proxy.

    A proxy appends to what it was sent, so only the last entry is its own word; those before may be invented.
    """

    def __init__(self, app: ASGIApp) -> None:
        """`app` sees the caller's address and scheme."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI has it."""
        if scope["type"] == "http":
            caller, scheme = _last(scope, b"x-forwarded-for"), _last(scope, b"x-forwarded-proto").lower()
            scope = dict(scope)
            if address := _address(caller):
                scope["client"] = (address, 0)
            if scheme in {"http", "https"}:
                scope["scheme"] = scheme
        await self._app(scope, receive, send)


def _last(scope: Scope, name: bytes) -> str:
    values = [value for header, value in scope["headers"] if header == name]
    return values[-1].decode("latin-1").rpartition(",")[2].strip() if values else ""


def _address(text: str) -> str | None:
    """The address without a port; some proxies add one, with brackets around IPv6."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return str(ip_address(text))
    except ValueError:
        return None
