"""ENABLE_REQUEST_LOGGING: what was sent and what was answered, for finding a fault; never on by itself.

Values under telling names and keys of known shapes are masked as in every line. What people wrote is in the log.
"""

from __future__ import annotations

from typing import Any

import orjson
import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = structlog.get_logger(__name__)

#: Bytes of a body that are kept for the log; of a longer one, its length is told.
MOST_BYTES = 64 * 1024


class LogBodies:
    """A plain ASGI middleware; within the one that binds the request's id."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One line per request, after its answer."""
        if scope["type"] != "http" or scope["path"].startswith(("/health", "/metrics")):
            await self._app(scope, receive, send)
            return
        asked = _Body(_header(scope["headers"], b"content-type"))
        answered = _Body(b"")
        status = 0

        async def received() -> Message:
            message = await receive()
            asked.take(message.get("body", b""))
            return message

        async def sent(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                answered.kind = _header(message["headers"], b"content-type")
            else:
                answered.take(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, received, sent)
        finally:
            log.info(
                "request and answer",
                method=scope["method"],
                path=scope["path"],
                status=status,
                asked=asked.shown(),
                answered=answered.shown(),
            )


class _Body:
    """A body as it passes by."""

    def __init__(self, kind: bytes) -> None:
        self.kind = kind
        self._kept = bytearray()
        self._length = 0

    def take(self, piece: bytes) -> None:
        """Keep a piece, up to the limit."""
        self._length += len(piece)
        self._kept += piece[: MOST_BYTES - len(self._kept)]

    def shown(self) -> Any:
        """The JSON it is, so that secrets in it are found by their names; of anything else, its kind and length."""
        if not self._length:
            return None
        if b"json" in self.kind and self._length <= MOST_BYTES:
            try:
                return orjson.loads(self._kept)
            except orjson.JSONDecodeError:
                pass
        kind = self.kind.decode("latin-1").partition(";")[0] or "unknown"
        return f"{kind}, {self._length} bytes"


def _header(headers: Any, name: bytes) -> bytes:
    return next((value for key, value in headers if key.lower() == name), b"")
