"""A server that stops in two steps: streams end by themselves for a while, then those that still run are ended well."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Coroutine
from typing import Any

import uvicorn
from starlette.applications import Starlette

from homeport.entry.wiring import House
from homeport.features.chat.room import ChatRoom

#: An idle connection is kept for so long: longer than clients and load balancers keep theirs (60 s at most, as a rule).
#: Whoever closes first must be the one who sends, or requests are lost on connections that are just being closed.
KEEP_ALIVE_SECONDS = 75


class DrainingServer(uvicorn.Server):
    """Takes no new connections once it is asked to stop, and waits for the answers that are being given."""

    def __init__(
        self, config: uvicorn.Config, end_answers: Callable[[], Coroutine[Any, Any, None]], after: float
    ) -> None:
        """`end_answers` saves and ends what is still being streamed `after` so many seconds."""
        super().__init__(config)
        self._end_answers = end_answers
        self._after = after

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Wait for the answers, then close the house."""
        ending = asyncio.create_task(self._end_later())
        await super().shutdown(sockets)
        ending.cancel()

    async def _end_later(self) -> None:
        await asyncio.sleep(self._after)
        await self._end_answers()


async def end_answers(app: Starlette) -> None:
    """Stop every answer of this process; each is saved as far as it came, and its stream ends properly."""
    house: House = app.state.house
    chat: ChatRoom = house.rooms[ChatRoom]
    await chat.stops.stop_all()
