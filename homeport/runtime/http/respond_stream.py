"""The answer that sends a channel's events."""

from __future__ import annotations

from collections.abc import Callable

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from homeport.runtime.http.stream import Channel


class EventStream(StreamingResponse):
    """A streaming answer of a channel's events."""

    def __init__(self, channel: Channel, gone: Callable[[], object]) -> None:
        """`gone` is called when the stream ends, also when its reader went away."""
        headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
        super().__init__(channel.read(), media_type="text/event-stream", headers=headers)
        self._gone = gone

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the events until the channel is closed or the reader leaves."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._gone()
