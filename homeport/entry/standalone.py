"""Everything in one process: the embedded default."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Coroutine
from contextlib import closing
from typing import Any

import uvicorn
from starlette.applications import Starlette

from homeport.entry.api import make_app
from homeport.entry.data_dir import held, prepare
from homeport.entry.migrate import migrate_once
from homeport.entry.say_why import SayWhy
from homeport.entry.settings import Settings
from homeport.entry.wiring import House
from homeport.features.chat.room import ChatRoom
from homeport.runtime.errors import HomeportError

#: Seconds that requests get when the process is asked to stop, and after how many of them answers are cut short.
GRACE_SECONDS = 10
STREAM_SECONDS = 2


class PortTaken(HomeportError):
    """Another program listens on this port."""

    code = "port_taken"


def run_standalone(settings: Settings, host: str, port: int, announce: Callable[[str, House], None]) -> None:
    """Serve until a signal comes. `announce` is told the address and what is open there once all is ready."""
    data_dir = prepare(settings.deployment.homeport_data_dir)
    with closing(_listen(host, port)) as listener, held(data_dir, f"Homeport on port {port}"):
        asyncio.run(migrate_once(settings, data_dir))
        app = make_app(settings, data_dir, sole=settings.database.kind == "sqlite")
        config = uvicorn.Config(
            SayWhy(app),
            loop="uvloop",
            http="httptools",
            ws="none",
            lifespan="on",
            access_log=False,
            log_config=None,
            server_header=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
        shown = f"[{host}]" if ":" in host else host
        address = f"http://{shown}:{listener.getsockname()[1]}"
        _Server(config, lambda: announce(address, app.state.house), lambda: _end_answers(app)).run([listener])


async def _end_answers(app: Starlette) -> None:
    await asyncio.sleep(STREAM_SECONDS)
    house: House = app.state.house
    chat: ChatRoom = house.rooms[ChatRoom]
    await chat.stops.stop_all()


class _Server(uvicorn.Server):
    def __init__(
        self, config: uvicorn.Config, announce: Callable[[], None], end_answers: Callable[[], Coroutine[Any, Any, None]]
    ) -> None:
        super().__init__(config)
        self._announce = announce
        self._end_answers = end_answers

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._announce()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        ending = asyncio.create_task(self._end_answers())
        await super().shutdown(sockets)
        ending.cancel()
        self._captured_signals.clear()  # raised again, they would make a clean stop look like a crash


def _listen(host: str, port: int) -> socket.socket:
    try:
        address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        listener = socket.socket(address[0], socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address[4])
        listener.listen(2048)
    except socket.gaierror as error:
        raise PortTaken(
            f"The host {host!r} is unknown: {error.strerror}.", hint="Choose another one with --host."
        ) from error
    except OSError as error:
        raise PortTaken(
            f"Port {port} on {host} cannot be used: {(error.strerror or str(error)).lower()}.",
            hint="Choose another one with --port.",
        ) from error
    listener.setblocking(False)
    return listener
