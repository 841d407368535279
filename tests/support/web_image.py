"""What the image of the console does when it starts, done here: its entrypoint over a folder of files."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.nginx_server import as_this_user, nginx_program, running
from tests.support.servers import free_port
from tests.support.source_tree import ROOT

ENTRYPOINT = ROOT / "deploy" / "images" / "web" / "entrypoint.sh"


def write_only(site: Path, folder: Path, **addresses: str) -> subprocess.CompletedProcess[str]:
    """Let the entrypoint write into `folder`, with something else than nginx to start in the end."""
    programs = folder / "programs"
    programs.mkdir(parents=True)
    stand_in = programs / "nginx"
    stand_in.write_text("#!/bin/sh\n")
    stand_in.chmod(0o755)
    return subprocess.run(
        ["sh", ENTRYPOINT],
        env=_environment(site, folder, 0, addresses, f"{programs}:{os.environ['PATH']}"),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@contextmanager
def web_image(site: Path, folder: Path, **addresses: str) -> Iterator[str]:
    """The entrypoint with a real nginx, until the block ends. Yields where it listens."""
    path = f"{Path(nginx_program()).parent}:{os.environ['PATH']}"
    port = int(addresses.pop("port", "0")) or free_port()
    command = ["sh", str(ENTRYPOINT), *as_this_user()]
    with running(command, port, folder / "web.log", _environment(site, folder, port, addresses, path)):
        yield f"http://127.0.0.1:{port}"


def _environment(site: Path, folder: Path, port: int, addresses: dict[str, str], path: str) -> dict[str, str]:
    own = {"HOMEPORT_WEB_SITE": str(site), "HOMEPORT_WEB_RUN": str(folder / "run"), "HOMEPORT_WEB_PORT": str(port)}
    return {"PATH": path, **own, **addresses}
