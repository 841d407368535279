"""Everything in one process: the embedded default."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from contextlib import closing

import uvicorn
from starlette.applications import Starlette

from homeport.entry.api import make_app
from homeport.entry.data_dir import held, prepare
from homeport.entry.drain import KEEP_ALIVE_SECONDS, DrainingServer, end_answers
from homeport.entry.migrate import migrate_once
from homeport.entry.say_why import SayWhy
from homeport.entry.settings import Settings
from homeport.entry.wiring import House
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
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
        )
        shown = f"[{host}]" if ":" in host else host
        address = f"http://{shown}:{listener.getsockname()[1]}"
        _Server(config, app, lambda: announce(address, app.state.house)).run([listener])


class _Server(DrainingServer):
    def __init__(self, config: uvicorn.Config, app: Starlette, announce: Callable[[], None]) -> None:
        super().__init__(config, lambda: end_answers(app), after=STREAM_SECONDS)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._announce()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets)
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
