"""The nginx that stands before everything, as its container starts it, and something behind it to talk to."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.nginx_server import listens, nginx_program
from tests.support.servers import free_port, wait_for
from tests.support.source_tree import ROOT

ENTRYPOINT = ROOT / "deploy" / "proxy" / "nginx" / "entrypoint.sh"


@dataclass
class Upstream:
    """A server that tells what it was asked, streams on command, and counts what is uploaded."""

    name: str
    port: int = 0
    #: Set by the test when the stream may go on.
    may_go_on: asyncio.Event = field(default_factory=asyncio.Event)
    #: Set when the first bytes of an upload are here.
    upload_began: asyncio.Event = field(default_factory=asyncio.Event)
    received: int = 0
    #: Whether the request ever came.
    asked: int = 0

    @property
    def address(self) -> str:
        """Its root."""
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request per connection."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            self.asked += 1
            await self._answer(head, reader, writer)
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(self, head: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first, *lines = head.strip().split("\r\n")
        target = first.split(" ")[1]
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        if target.endswith("/stream"):
            await self._stream(writer)
            return
        if headers.get("transfer-encoding") == "chunked":
            await reader.readuntil(b"\r\n0\r\n\r\n")
        await self._read(reader, int(headers.get("content-length", 0)))
        body = json.dumps({"by": self.name, "target": target, "headers": headers, "received": self.received}).encode()
        own = "Content-Security-Policy: own\r\nReferrer-Policy: own\r\n" if target.endswith("/strict") else ""
        start = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n{own}\r\n"
        writer.write(start.encode() + body)

    async def _read(self, reader: asyncio.StreamReader, length: int) -> None:
        while length > 0 and (chunk := await reader.read(min(length, 1 << 16))):
            length -= len(chunk)
            self.received += len(chunk)
            self.upload_began.set()

    async def _stream(self, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
        writer.write(b"data: first\n\n")
        await writer.drain()
        await self.may_go_on.wait()
        writer.write(b"data: last\n\n")


@asynccontextmanager
async def upstream(name: str) -> AsyncIterator[Upstream]:
    """A running `Upstream`."""
    made = Upstream(name)
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0, limit=1 << 26)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        made.may_go_on.set()
        server.close()


@dataclass(frozen=True, slots=True)
class Proxied:
    """Where nginx listens."""

    plain: int
    tls: int

    @property
    def address(self) -> str:
        """Its root without TLS."""
        return f"http://127.0.0.1:{self.plain}"

    @property
    def secure(self) -> str:
        """Its root with TLS."""
        return f"https://localhost:{self.tls}"


@contextmanager
def proxied(files: Mapping[str, bytes] | None = None, /, **settings: str) -> Iterator[Proxied]:
    """The entrypoint of the container with these settings and a real nginx, until the block ends.

    `files` are laid beside it first: certificates below `ssl/` or `letsencrypt/`, answers of a challenge below `acme/`.
    """
    path = f"{Path(nginx_program()).parent}:{os.environ['PATH']}"
    found = Proxied(free_port(), free_port())
    # Not below pytest's folders, which the user of nginx may not enter.
    with tempfile.TemporaryDirectory(prefix="homeport-nginx-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        for place, content in (files or {}).items():
            (folder / place).parent.mkdir(parents=True, exist_ok=True)
            (folder / place).write_bytes(content)
        environment = {"PATH": path, **_places(folder, found), **settings}
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                ["sh", str(ENTRYPOINT)], env=environment, stdout=log, stderr=log, start_new_session=True
            )
        try:
            what = f"nginx on port {found.plain}"
            wait_for(lambda: process.poll() is not None or listens(found.plain), seconds=30, what=what)
            assert process.poll() is None, (folder / "log").read_text(encoding="utf-8")
            yield found
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            process.wait(30)


def start_only(folder: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """Let the entrypoint write its files into `folder` and end."""
    return subprocess.run(
        ["sh", str(ENTRYPOINT), "--render"],
        env={"PATH": os.environ["PATH"], **_places(folder, Proxied(8080, 8443)), **settings},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def _places(folder: Path, ports: Proxied) -> dict[str, str]:
    return {
        "NGINX_CONF_DIR": str(folder / "conf"),
        "NGINX_RUN_DIR": str(folder / "run"),
        "NGINX_CERT_DIR": str(folder / "ssl"),
        "NGINX_LETSENCRYPT_DIR": str(folder / "letsencrypt"),
        "NGINX_ACME_ROOT": str(folder / "acme"),
        "NGINX_WORKER_PROCESSES": "1",
        "NGINX_RESOLVER": "127.0.0.1",
        "NGINX_PORT": f"127.0.0.1:{ports.plain}",
        "NGINX_SSL_PORT": f"127.0.0.1:{ports.tls}",
        "EXPOSE_NGINX_SSL_PORT": str(ports.tls),
    }
