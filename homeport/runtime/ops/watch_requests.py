"""Around every request: counted, timed, traced, and logged where that is asked for."""

from __future__ import annotations

import time
from collections.abc import Awaitable

import structlog
from starlette.routing import Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from homeport.runtime.ops import faults, traces
from homeport.runtime.ops.meters import Meters

log = structlog.get_logger(__name__)

#: A stream's sign of life, which is not its first event.
_PING = b"event: ping"
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
#: Addresses that are asked all the time by machines: counted, neither traced nor logged.
_QUIET = ("/health", "/metrics")
#: Where the answer is kept in a scope, also in a copy of it.
_KEY = "homeport.answer"


class WatchRequests:
    """A plain ASGI middleware, the outermost: it sees the answer to an error as well."""

    def __init__(self, app: ASGIApp, *, meters: Meters, access_log: bool = False) -> None:
        """`access_log`: write a line for each request."""
        self._app = app
        self._meters = meters
        self._access_log = access_log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI has it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(scope, send, self._meters)
        scope[_KEY] = answer
        if scope["path"].startswith(_QUIET):
            await self._finish(scope, receive, answer)
            return
        if traces.is_on() or faults.is_tracked():
            await self._trace(scope, receive, answer)
        else:
            await self._finish(scope, receive, answer)
        if self._access_log:
            self._log(scope, answer)

    async def _trace(self, scope: Scope, receive: Receive, answer: _Answer) -> None:
        method = _method_of(scope)
        parent = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"traceparent"), None)
        with (
            traces.span(
                method, "server", parent=parent, http__request__method=method, url__path=scope["path"][:200]
            ) as span,
            faults.timed("http.server", method) as timed,
        ):
            try:
                await self._finish(scope, receive, answer)
            finally:
                route = answer.route
                timed.end(f"{method} {route}", str(answer.status))
                span.rename(f"{method} {route}")
                span.note(
                    http__route=route,
                    http__response__status_code=answer.status,
                    homeport__request_id=answer.request_id,
                )
                if answer.first_event_seconds is not None:
                    span.note(homeport__first_event_seconds=answer.first_event_seconds)
                if answer.status >= 500:
                    span.fail(str(answer.status))

    async def _finish(self, scope: Scope, receive: Receive, answer: _Answer) -> None:
        try:
            await self._app(scope, receive, answer)
        finally:
            answer.settle()
            http, method, route = self._meters.http, _method_of(scope), answer.route
            http.requests.labels(method, route, str(answer.status)).inc()
            http.seconds.labels(method, route).observe(answer.seconds)
            if answer.streams:
                http.streams.dec()
            if answer.first_event_seconds is not None:
                http.first_event.labels(route).observe(answer.first_event_seconds)

    @staticmethod
    def _log(scope: Scope, answer: _Answer) -> None:
        client = scope.get("client")
        log.info(
            "request",
            method=_method_of(scope),
            path=scope["path"],
            status=answer.status,
            seconds=round(answer.seconds, 4),
            client=client[0] if client else None,
            request_id=answer.request_id,
        )


class _Answer:
    """What went out, as far as it is of interest here."""

    __slots__ = (
        "_meters",
        "_send",
        "began",
        "first_event_seconds",
        "request_id",
        "route",
        "scope",
        "seconds",
        "status",
        "streams",
    )

    def __init__(self, scope: Scope, send: Send, meters: Meters) -> None:
        self.scope = scope
        self.route = "none"
        self._send = send
        self._meters = meters
        self.began = time.perf_counter()
        self.seconds = 0.0
        #: 499, which no answer has, stands for a client that left before there was one.
        self.status = 499
        self.request_id = ""
        self.streams = False
        self.first_event_seconds: float | None = None

    def __call__(self, message: Message) -> Awaitable[None]:
        """Pass the message on; not a coroutine of its own, which would cost as much again for each piece."""
        if self.streams and self.first_event_seconds is None:
            body = message.get("body", b"")
            if body and not body.startswith(_PING):
                self.first_event_seconds = time.perf_counter() - self.began
        elif message["type"] == "http.response.start":
            self._begin(message)
        return self._send(message)

    def settle(self) -> None:
        """It is over. The scope is let go: it holds this, and the two would wait for the collector of garbage."""
        self.seconds = time.perf_counter() - self.began
        self.route = route_of(self.scope)
        self.scope = {}

    def _begin(self, message: Message) -> None:
        self.status = message["status"]
        for name, value in message["headers"]:
            if name == b"content-type" and value.startswith(b"text/event-stream"):
                self.streams = True
                self._meters.http.streams.inc()
            elif name == b"x-request-id":
                self.request_id = value.decode("latin-1")


class SeeRoute:
    """The innermost middleware: one between may have copied the scope, and the route is found in the copy."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Tell `WatchRequests` which scope it is."""
        answer = scope.get(_KEY)
        if answer is not None:
            answer.scope = scope
        return self._app(scope, receive, send)


def route_of(scope: Scope) -> str:
    """The template of the address, such as `/v1/datasets/{dataset_id}`: one of a small set."""
    route = scope.get("route")
    if route is None:
        return "none"
    root: str = scope.get("root_path", "")
    if isinstance(route, Mount):
        return f"{root}/*"
    # A route of an included router knows its own path only; FastAPI keeps the whole one beside it.
    whole = scope.get("fastapi", {}).get("effective_route_context")
    return f"{root}{getattr(whole, 'path_format', None) or route.path}"


def _method_of(scope: Scope) -> str:
    return scope["method"] if scope["method"] in _METHODS else "other"
