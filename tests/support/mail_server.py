"""A real SMTP server on loopback, on the loop of the test: it keeps what it gets, and refuses in every usual way."""

from __future__ import annotations

import asyncio
import ssl
import warnings
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


@dataclass
class SmtpServer:
    """What came, and how the server behaves."""

    port: int = 0
    received: list[tuple[list[str], EmailMessage]] = field(default_factory=list)
    #: Recipient -> the answer to it.
    refuse: dict[str, str] = field(default_factory=dict)
    #: The answer to any message instead of taking it.
    refuse_data: str | None = None
    logins: list[tuple[str, str]] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.refuse_data is not None:
            return self.refuse_data
        assert isinstance(envelope.content, bytes)
        message = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.received.append((envelope.rcpt_tos, message))
        return "250 OK"


@asynccontextmanager
async def smtp_server(
    *, account: tuple[str, str] | None = None, starttls: ssl.SSLContext | None = None, tls: ssl.SSLContext | None = None
) -> AsyncGenerator[SmtpServer]:
    """Run a server. `account`: the one user who is let in; `starttls` demands an upgrade, `tls` encrypts at once."""
    behaviour = SmtpServer()

    def authenticate(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        given = data.login.decode(), data.password.decode()
        behaviour.logins.append(given)
        return AuthResult(success=given == account, handled=False)

    def speak() -> SMTP:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a password without encryption is what is wanted here
            return SMTP(
                behaviour,
                hostname="mail.test",
                loop=asyncio.get_running_loop(),
                tls_context=starttls,
                require_starttls=starttls is not None,
                auth_required=account is not None,
                auth_require_tls=starttls is not None,
                authenticator=authenticate,
            )

    server = await asyncio.get_running_loop().create_server(speak, "127.0.0.1", 0, ssl=tls)
    behaviour.port = server.sockets[0].getsockname()[1]
    try:
        yield behaviour
    finally:
        server.close()
