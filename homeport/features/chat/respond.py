"""Turn an open turn into an HTTP answer, streamed or whole."""

from __future__ import annotations

import asyncio

import orjson
from starlette.requests import Request
from starlette.responses import Response

from homeport.features.chat.render import EventSink, NoSink, whole
from homeport.features.chat.room import ChatRoom
from homeport.features.chat.turn import Turn
from homeport.features.chat.write_answer import write_answer
from homeport.runtime.errors import HomeportError
from homeport.runtime.http.respond_stream import EventStream
from homeport.runtime.http.stream import Channel


def respond_streaming(room: ChatRoom, turn: Turn) -> Response:
    """Server-sent events. When the reader goes away the answer stops and is saved as far as it came."""
    channel = Channel(room.ping_seconds)
    writing = asyncio.create_task(write_answer(room, turn, EventSink(turn, channel)))
    return EventStream(channel, writing.cancel)


async def respond_whole(request: Request, room: ChatRoom, turn: Turn) -> Response:
    """The whole answer as JSON; raises what stopped it."""
    writing = asyncio.create_task(write_answer(room, turn, NoSink()))
    gone = asyncio.create_task(_gone(request))
    try:
        await asyncio.wait((writing, gone), return_when=asyncio.FIRST_COMPLETED)
        if not writing.done():
            writing.cancel()
        outcome = await writing
    finally:
        gone.cancel()
    if isinstance(outcome.error, HomeportError):
        raise outcome.error
    if outcome.error is not None:
        raise HomeportError("Internal Server Error") from outcome.error  # logged already
    return Response(orjson.dumps(whole(turn, outcome)), media_type="application/json")


async def _gone(request: Request) -> None:
    """Returns when the client has closed the connection."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
