"""What every request and answer carries: a request id, the version headers, a size limit; and the outermost edge."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress

import structlog
from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from homeport.runtime.db.columns import new_id
from homeport.runtime.errors import HomeportError
from homeport.runtime.http.problems import envelope_of
from homeport.runtime.ops import faults

log = structlog.get_logger(__name__)

#: Seconds that a client may go on sending a body that has been refused, so that it comes to read the answer.
_DRAIN_SECONDS = 10.0


class BodyTooLarge(HomeportError):
    """The request is larger than this server accepts."""

    code = "file_too_large"
    status = 413


class RequestContext:
    """A plain ASGI middleware: no task and no queue per request, so streams pass through untouched."""

    def __init__(self, app: ASGIApp, *, headers: Mapping[str, str]) -> None:
        """`headers` are added to every answer."""
        self._app = app
        self._headers = dict(headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Bind the ids of the request to its log lines; add the headers to its answer; log what nobody caught."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = dict(scope["headers"])
        request_id = _clean(given.get(b"x-request-id")) or new_id()
        trace_id = _clean(given.get(b"x-trace-id"))
        scope.setdefault("state", {})["trace_id"] = trace_id
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)

        begun = False

        async def with_headers(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = request_id
                if trace_id:
                    headers["X-Trace-Id"] = trace_id
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self._app(scope, receive, with_headers)
        except ClientDisconnect:
            log.debug("client left", path=scope["path"])
        except Exception as error:
            # Not raised on, or the server would log it again. An answer that has begun ends broken, as it should.
            log.error("request raised", path=scope["path"], exc_info=error)
            faults.report(error)
            if not begun:
                await JSONResponse(envelope_of(error), 500)(scope, receive, with_headers)


def _clean(raw: bytes | None) -> str | None:
    if not raw:
        return None
    text = raw.decode("latin-1")[:128]
    return text if text.isprintable() and text.isascii() else None


class BodyLimit:
    """Refuses bodies over a number of bytes, declared or sent, before they are parsed whole or written to disk."""

    def __init__(self, app: ASGIApp, *, limit: int) -> None:
        """`limit` in bytes."""
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count the body as it comes; the application's answer to a cut body is replaced by ours."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > self._limit:
            await self._refuse(receive, send)
            return
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._limit:
                raise BodyTooLarge
            return message

        async def passed(message: Message) -> None:
            if received <= self._limit:
                await send(message)

        with suppress(BodyTooLarge):
            await self._app(scope, counted, passed)
        if received > self._limit:
            await self._refuse(receive, send)

    async def _refuse(self, receive: Receive, send: Send) -> None:
        message = f"The request is larger than {self._limit // 1024 // 1024} MB."
        error = BodyTooLarge(message, hint="Raise UPLOAD_FILE_SIZE_LIMIT to accept larger files.")
        answer = JSONResponse(envelope_of(error), error.status, {"Connection": "close"})
        await send({"type": "http.response.start", "status": answer.status_code, "headers": answer.raw_headers})
        await send({"type": "http.response.body", "body": answer.body, "more_body": True})
        # A connection closed on a client that still sends is reset, and the answer lost with it.
        with suppress(TimeoutError):
            async with asyncio.timeout(_DRAIN_SECONDS):
                while (await receive()).get("more_body"):
                    pass
        await send({"type": "http.response.body", "body": b""})
