"""A Sentry project on loopback that keeps the envelopes it is sent."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(slots=True)
class SentryServer:
    """What has arrived so far."""

    dsn: str = ""
    #: Items of all envelopes: their type (`event`, `transaction`, ...) and what they hold.
    items: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    #: Every envelope as it was sent.
    raw: list[str] = field(default_factory=list)

    def of(self, kind: str) -> list[dict[str, Any]]:
        """Everything of a type."""
        return [body for found, body in self.items if found == kind]

    @property
    def errors(self) -> list[tuple[str, str]]:
        """Type and sentence of each reported exception."""
        return [
            (value["type"], value["value"]) for event in self.of("event") for value in event["exception"]["values"][-1:]
        ]

    def take(self, envelope: bytes) -> None:
        """Read an envelope: a line of headers, then for each item a line of headers and its payload."""
        self.raw.append(envelope.decode("utf-8", "replace"))
        _, _, rest = envelope.partition(b"\n")
        while rest.strip():
            line, _, rest = rest.partition(b"\n")
            header = json.loads(line)
            length = header.get("length")
            if length is None:
                payload, _, rest = rest.partition(b"\n")
            else:
                payload, rest = rest[:length], rest[length:].removeprefix(b"\n")
            self.items.append((header["type"], json.loads(payload)))


@contextmanager
def sentry_server() -> Iterator[SentryServer]:
    """A project whose address is `dsn`."""
    project = SentryServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            project.take(body)
            answer = b"{}"
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    project.dsn = f"http://public-key@127.0.0.1:{server.server_address[1]}/7"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield project
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
