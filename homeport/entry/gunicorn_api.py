"""The API of a fleet: gunicorn keeps the processes, each of which opens its own house after the fork."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import structlog
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.config import Config
from gunicorn.glogging import Logger
from starlette.types import Receive, Scope, Send
from uvicorn_worker import UvicornWorker

from homeport.entry.api import make_app
from homeport.entry.drain import KEEP_ALIVE_SECONDS, DrainingServer, end_answers
from homeport.entry.limit_requests import RequestLimit
from homeport.entry.say_why import SayWhy
from homeport.entry.settings import Settings
from homeport.runtime.ops.logs import configure_logs
from homeport.runtime.ops.meters import forget_process, share

log = structlog.get_logger(__name__)

_OUR_CLASSES = (None, "uvicorn", "uvicorn_worker.UvicornWorker", "uvicorn.workers.UvicornWorker")
#: Of the time to stop: what an answer that is cut short needs to be saved, and a process to close its house.
_SAVE_SECONDS = 3
_CLOSE_SECONDS = 5


class Application:
    """What one process serves."""

    def __init__(self, settings: Settings, data_dir: Path) -> None:
        """Opens nothing yet; the start of the application does."""
        self._app = make_app(settings, data_dir, sole=settings.database.kind == "sqlite")
        most = settings.deployment.server_worker_connections
        self._serve = SayWhy(self._app if most is None else RequestLimit(self._app, most))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI has it."""
        await self._serve(scope, receive, send)

    async def end_answers(self) -> None:
        """Save and end what is still being streamed."""
        await end_answers(self._app)


class ApiProcess(UvicornWorker):  # type: ignore[misc] # untyped
    """One process: uvloop and httptools; it ends when the process that keeps it has died."""

    CONFIG_KWARGS: ClassVar[dict[str, Any]] = {
        "loop": "uvloop",
        "http": "httptools",
        "ws": "none",
        "lifespan": "on",
        "access_log": False,
        "server_header": False,
        "timeout_notify": 1,
    }

    async def _serve(self) -> None:
        application: Application = self.wsgi
        grace = self.cfg.graceful_timeout - _CLOSE_SECONDS
        self.config.app = application
        self.config.timeout_graceful_shutdown = grace
        server = DrainingServer(self.config, application.end_answers, after=max(grace - _SAVE_SECONDS, grace / 2))
        self._install_sigquit_handler()
        await server.serve(sockets=self.sockets)
        if not server.started:
            sys.exit(Arbiter.WORKER_BOOT_ERROR)

    async def callback_notify(self) -> None:
        """Every second: show a sign of life, and look whether the keeper still lives."""
        await super().callback_notify()
        if os.getppid() != self.ppid:
            log.warning("gunicorn's main process is gone; this process stops too")
            signal.raise_signal(signal.SIGTERM)


class SharedLog(Logger):  # type: ignore[misc] # untyped
    """Gunicorn's lines go to the one log of the process."""

    def setup(self, cfg: Config) -> None:
        """Takes away the handlers that gunicorn adds."""
        super().setup(cfg)
        for library in (self.error_log, self.access_log):
            library.handlers.clear()
            library.propagate = True


class ApiServer(BaseApplication):  # type: ignore[misc] # untyped
    """Gunicorn, configured by our settings alone: no command line, no file."""

    def __init__(self, options: dict[str, Any], make: Callable[[], Application]) -> None:
        """`make` is called in each process, after the fork."""
        self._options = options
        self._make = make
        super().__init__()

    def load_config(self) -> None:
        """Hand over the options."""
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Application:
        """The application of one process."""
        return self._make()


def options_of(settings: Settings) -> dict[str, Any]:
    """Gunicorn's configuration."""
    deployment = settings.deployment

    def after_fork(_arbiter: object, _worker: object) -> None:
        configure_logs(settings.logging)  # the worker class has given uvicorn's loggers other handlers

    def after_end(_arbiter: object, worker: Any) -> None:
        forget_process(worker.pid)

    host = deployment.dify_bind_address
    return {
        "bind": f"[{host}]:{deployment.dify_port}" if ":" in host else f"{host}:{deployment.dify_port}",
        "workers": deployment.server_worker_amount,
        "worker_class": ApiProcess,
        "timeout": deployment.gunicorn_timeout,
        "graceful_timeout": deployment.homeport_stop_seconds + _CLOSE_SECONDS,
        "keepalive": KEEP_ALIVE_SECONDS,
        "backlog": 2048,
        "logger_class": SharedLog,
        "loglevel": settings.logging.log_level.lower(),
        "post_fork": after_fork,
        "child_exit": after_end,
        "control_socket_disable": True,
        "proc_name": "homeport",
    }


def run(settings: Settings, data_dir: Path) -> int:
    """Serve until a signal comes. Gunicorn ends the process itself."""
    deployment = settings.deployment
    if deployment.server_worker_class not in _OUR_CLASSES:
        log.info(
            "the API is asynchronous, so its processes are uvicorn's whatever SERVER_WORKER_CLASS says",
            wanted=deployment.server_worker_class,
        )
    if deployment.server_worker_connections is not None:
        log.info(
            "SERVER_WORKER_CONNECTIONS limits the requests a process works on at a time; unset, there is no limit",
            requests=deployment.server_worker_connections,
            processes=deployment.server_worker_amount,
        )
    options = options_of(settings)
    if deployment.server_worker_amount > 1:
        options |= _shared_figures()
    ApiServer(options, lambda: Application(settings, data_dir)).run()
    return 0


def _shared_figures() -> dict[str, Any]:
    """Let each process show the figures of all: whichever of them is asked, the answer is the same."""
    folder = Path(tempfile.mkdtemp(prefix="homeport-figures-"))
    share(folder)

    def at_end(_arbiter: object) -> None:
        shutil.rmtree(folder, ignore_errors=True)

    return {"on_exit": at_end}
