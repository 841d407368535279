"""The API of a fleet: gunicorn keeps the processes, each of which opens its own house after the fork."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import structlog
from gunicorn.app.base import BaseApplication
from gunicorn.config import Config
from gunicorn.glogging import Logger
from starlette.types import ASGIApp
from uvicorn_worker import UvicornWorker

from homeport.entry.api import make_app
from homeport.entry.say_why import SayWhy
from homeport.entry.settings import Settings
from homeport.entry.standalone import GRACE_SECONDS
from homeport.runtime.ops.logs import configure_logs

log = structlog.get_logger(__name__)

_OUR_CLASSES = (None, "uvicorn", "uvicorn_worker.UvicornWorker", "uvicorn.workers.UvicornWorker")


class ApiProcess(UvicornWorker):  # type: ignore[misc] # untyped
    """One process: uvloop and httptools; it ends when the process that keeps it has died."""

    CONFIG_KWARGS: ClassVar[dict[str, Any]] = {
        "loop": "uvloop",
        "http": "httptools",
        "ws": "none",
        "lifespan": "on",
        "access_log": False,
        "server_header": False,
        "timeout_graceful_shutdown": GRACE_SECONDS,
        "timeout_notify": 1,
    }

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

    def __init__(self, options: dict[str, Any], make: Callable[[], ASGIApp]) -> None:
        """`make` is called in each process, after the fork."""
        self._options = options
        self._make = make
        super().__init__()

    def load_config(self) -> None:
        """Hand over the options."""
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> ASGIApp:
        """The application of one process."""
        return self._make()


def options_of(settings: Settings) -> dict[str, Any]:
    """Gunicorn's configuration."""
    deployment = settings.deployment

    def after_fork(_arbiter: object, _worker: object) -> None:
        configure_logs(settings.logging)  # the worker class has given uvicorn's loggers other handlers

    host = deployment.dify_bind_address
    return {
        "bind": f"[{host}]:{deployment.dify_port}" if ":" in host else f"{host}:{deployment.dify_port}",
        "workers": deployment.server_worker_amount,
        "worker_class": ApiProcess,
        "timeout": deployment.gunicorn_timeout,
        "graceful_timeout": GRACE_SECONDS + 5,
        "backlog": 2048,
        "logger_class": SharedLog,
        "loglevel": settings.logging.log_level.lower(),
        "post_fork": after_fork,
        "control_socket_disable": True,
        "proc_name": "homeport",
    }


def run(settings: Settings, data_dir: Path) -> int:
    """Serve until a signal comes. Gunicorn ends the process itself."""
    wanted = settings.deployment.server_worker_class
    if wanted not in _OUR_CLASSES:
        log.info("the API is asynchronous, so its processes are uvicorn's", wanted=wanted)
    sole = settings.database.kind == "sqlite"
    ApiServer(options_of(settings), lambda: SayWhy(make_app(settings, data_dir, sole=sole))).run()
    return 0
