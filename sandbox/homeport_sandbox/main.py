"""The command `homeport-sandbox`: reads the settings and serves until a signal comes."""

from __future__ import annotations

import argparse
import logging
import socket
import sys

import uvicorn

from homeport_sandbox.api import make_app
from homeport_sandbox.errors import SandboxError, WrongSettings
from homeport_sandbox.linux.process import die_with
from homeport_sandbox.settings import SAMPLE_KEY, Settings, read

_GRACE_SECONDS = 10
_LOG = "%(asctime)s %(levelname)s %(message)s"


def main() -> None:
    """Serve; a wrong setting is one sentence and exit status 1."""
    parser = argparse.ArgumentParser(
        prog="homeport-sandbox",
        description="Runs code nobody trusts behind an HTTP contract. Settings are environment variables.",
    )
    parser.add_argument("--config", help="a YAML file; the environment goes before it (default: /conf/config.yaml)")
    parser.add_argument("--fd", type=int, help="a listening socket to serve, instead of host and port")
    parser.add_argument(
        "--parent", type=int, help="end together with this process, which must be the one that starts it"
    )
    parser.add_argument("--quiet", action="store_true", help="log what goes wrong, and nothing else")
    arguments = parser.parse_args()
    try:
        if arguments.parent is not None:
            die_with(arguments.parent)
        settings = read(file=arguments.config)
        if not settings.key:
            raise WrongSettings("API_KEY is empty; set it to a key of your own, such as one by: openssl rand -hex 32")
        _log_to(settings, quiet=arguments.quiet)
        app = make_app(settings)
    except SandboxError as error:
        print(error, file=sys.stderr)  # noqa: T201
        sys.exit(1)
    if settings.key == SAMPLE_KEY and arguments.fd is None:
        logging.getLogger("homeport_sandbox").warning(
            "API_KEY is the well-known sample; set one of your own where others can reach port %s", settings.port
        )
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        access_log=False,
        log_config=None,
        server_header=False,
        ws="none",
        timeout_graceful_shutdown=_GRACE_SECONDS,
        backlog=512,
    )
    # Made here: by number alone, uvicorn takes it for a Unix socket, and answers wait for acknowledgements.
    given = None if arguments.fd is None else [socket.socket(fileno=arguments.fd)]
    uvicorn.Server(config).run(given)


def _log_to(settings: Settings, *, quiet: bool) -> None:
    level = logging.DEBUG if settings.debug else logging.WARNING if quiet else logging.INFO
    target = {"filename": settings.log_path} if settings.log_path else {"stream": sys.stderr}
    logging.basicConfig(level=level, format=_LOG, **target)
    for name in ("uvicorn", "asyncio"):
        logging.getLogger(name).setLevel(logging.WARNING)


if __name__ == "__main__":
    main()
