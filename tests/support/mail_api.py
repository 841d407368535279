"""A real HTTP server on loopback that answers as the APIs of Resend and SendGrid do."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "key-of-the-tests"


@dataclass
class MailApiServer:
    """What came, and what is answered instead of success."""

    port: int = 0
    received: list[tuple[str, dict[str, str], dict[str, Any]]] = field(default_factory=list)
    #: Path -> status and body.
    answers: dict[str, tuple[int, Any]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"


_USUAL: dict[str, tuple[int, Any]] = {
    "/emails": (200, {"id": "1"}),
    "/domains": (200, {"data": []}),
    "/v3/mail/send": (202, ""),
    "/v3/scopes": (200, {"scopes": ["mail.send", "alerts.read"]}),
}


@contextmanager
def mail_api() -> Iterator[MailApiServer]:
    """Run a server; whoever comes without the key is not let in."""
    behaviour = MailApiServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            behaviour.received.append((self.path, dict(self.headers), json.loads(body)))
            self._answer()

        def _answer(self) -> None:
            status, body = behaviour.answers.get(self.path) or _USUAL[self.path]
            if self.headers["Authorization"] != f"Bearer {KEY}":
                status, body = 401, {"message": "API key is invalid"}
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    behaviour.port = int(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield behaviour
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
