"""Say in one sentence why the application does not start, where a server would print a traceback."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from homeport.runtime.errors import HomeportError

_FAILED = "lifespan.startup.failed"


class SayWhy:
    """Around the whole application; only what happens while it starts passes through here differently."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI has it."""
        if scope["type"] == "lifespan":
            await self._start(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _start(self, scope: Scope, receive: Receive, send: Send) -> None:
        failed: Message | None = None

        async def hold(message: Message) -> None:
            nonlocal failed
            if message["type"] == _FAILED:
                failed = message
            else:
                await send(message)

        try:
            await self._app(scope, receive, hold)
        except HomeportError as error:
            failed = {"type": _FAILED, "message": str(error)}
        finally:
            if failed is not None:
                await send(failed)
