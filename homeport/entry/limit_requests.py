"""So many requests at a time in one process, where an operator sets a limit; the others wait their turn for a while."""

from __future__ import annotations

import asyncio

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from homeport.runtime.errors import Unavailable
from homeport.runtime.http.problems import envelope_of

_WAIT_SECONDS = 10.0
_RETRY_SECONDS = 5
#: Whoever watches must be answered most of all when there is much to do.
_ALWAYS = ("/health", "/metrics")


class TooBusy(Unavailable):
    """This process works on as many requests as it may; try again shortly."""

    code = "too_busy"


class RequestLimit:
    """A plain ASGI middleware. A stream counts until its last event."""

    def __init__(self, app: ASGIApp, most: int, *, wait: float = _WAIT_SECONDS) -> None:
        """`most` requests at a time; one more waits at most `wait` seconds."""
        self._app = app
        self._most = most
        self._wait = wait
        self._turns = asyncio.Semaphore(most)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on when it is its turn; answer 503 when that does not come."""
        if scope["type"] != "http" or scope["path"].startswith(_ALWAYS):
            await self._app(scope, receive, send)
            return
        try:
            async with asyncio.timeout(self._wait):
                await self._turns.acquire()
        except TimeoutError:
            error = TooBusy(
                f"This process works on {self._most} requests, which is as many as it may.",
                hint="Try again shortly; SERVER_WORKER_CONNECTIONS sets the limit.",
            )
            await JSONResponse(envelope_of(error), error.status, {"Retry-After": str(_RETRY_SECONDS)})(
                scope, receive, send
            )
            return
        try:
            await self._app(scope, receive, send)
        finally:
            self._turns.release()
