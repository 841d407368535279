"""Speaks SMTP through aiosmtplib: one connection per message, which is what servers like best."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from email.message import EmailMessage
from email.utils import formatdate, parseaddr

import aiosmtplib

from homeport.backends.mail.drivers.smtp.spec import SmtpSettings
from homeport.backends.mail.errors import MailError, Misconfigured, Rejected, Unavailable
from homeport.backends.mail.port import Mail

#: SMTP: answers from 500 on are final; 421 and 450 to 452 mean later.
_FINAL = 500


class SmtpMailer:
    """A `Mailer` over one server."""

    def __init__(self, settings: SmtpSettings, sender: str) -> None:
        """`sender`: the From of every message."""
        self._settings = settings
        self._sender = sender

    async def send(self, mail: Mail) -> None:
        """See `Mailer.send`."""
        message = _compose(mail, self._sender)
        async with self._said(), self._connected() as server:
            await server.send_message(message)

    async def check(self) -> None:
        """See `Mailer.check`: greets the server and logs in."""
        async with self._said(), self._connected() as server:
            await server.noop()

    async def close(self) -> None:
        """See `Mailer.close`."""

    @asynccontextmanager
    async def _connected(self) -> AsyncGenerator[aiosmtplib.SMTP]:
        settings = self._settings
        at_once = settings.smtp_use_tls and not settings.smtp_opportunistic_tls
        server = aiosmtplib.SMTP(
            hostname=settings.smtp_server,
            port=settings.smtp_port,
            local_hostname=settings.smtp_local_hostname,
            timeout=settings.mail_timeout,
            use_tls=at_once,
            start_tls=settings.smtp_use_tls and settings.smtp_opportunistic_tls,
        )
        async with server:
            if settings.smtp_username:
                password = settings.smtp_password.get_secret_value() if settings.smtp_password else ""
                await server.login(settings.smtp_username, password)
            yield server

    @asynccontextmanager
    async def _said(self) -> AsyncGenerator[None]:
        where = f"The SMTP server {self._settings.smtp_server}:{self._settings.smtp_port}"
        try:
            yield
        except aiosmtplib.SMTPAuthenticationError as error:
            raise Misconfigured(
                f"{where} refuses the login: {_first_line(error.message)}.",
                hint="Look at SMTP_USERNAME and SMTP_PASSWORD.",
            ) from error
        except aiosmtplib.SMTPRecipientsRefused as error:
            refused = "; ".join(f"{one.recipient}: {_first_line(one.message)}" for one in error.recipients)
            kind = Rejected if any(one.code >= _FINAL for one in error.recipients) else Unavailable
            raise kind(f"{where} does not take the message for {refused}.") from error
        except aiosmtplib.SMTPResponseException as error:
            kind = Rejected if error.code >= _FINAL else Unavailable
            raise kind(f"{where} answers {error.code} {_first_line(error.message)}.") from error
        except (
            aiosmtplib.SMTPConnectError,
            aiosmtplib.SMTPServerDisconnected,
            aiosmtplib.SMTPTimeoutError,
            OSError,  # a certificate nobody vouches for, too
        ) as error:
            raise Unavailable(
                f"{where} does not answer: {_first_line(str(error)) or type(error).__name__}.",
                hint="Look at SMTP_SERVER, SMTP_PORT, SMTP_USE_TLS and SMTP_OPPORTUNISTIC_TLS.",
            ) from error
        except aiosmtplib.SMTPException as error:
            raise MailError(f"{where}: {_first_line(str(error)) or type(error).__name__}.") from error


def _first_line(said: str) -> str:
    return next(iter(said.splitlines()), "").rstrip(".")


def _compose(mail: Mail, sender: str) -> EmailMessage:
    message = EmailMessage()
    try:
        message["From"] = sender
        message["To"] = ", ".join(mail.to)
        message["Subject"] = mail.subject
    except ValueError as error:  # a line break: somebody tries to add headers
        raise Rejected(f"The message cannot be sent: {error}.") from error
    message["Date"] = formatdate()
    if mail.message_id is not None:
        domain = parseaddr(sender)[1].rpartition("@")[2]
        message["Message-ID"] = f"<{mail.message_id}@{domain}>"
    message.set_content(mail.text)
    if mail.html is not None:
        message.add_alternative(mail.html, subtype="html")
    return message


async def open_driver(settings: SmtpSettings) -> SmtpMailer:
    """Nothing is connected yet. Raises `Misconfigured`."""
    if not settings.smtp_server:
        raise Misconfigured("MAIL_TYPE is 'smtp', which needs SMTP_SERVER.", hint="Set SMTP_SERVER.")
    if settings.smtp_opportunistic_tls and not settings.smtp_use_tls:
        raise Misconfigured(
            "SMTP_OPPORTUNISTIC_TLS is true and SMTP_USE_TLS is false; STARTTLS is a way of encrypting.",
            hint="Set SMTP_USE_TLS=true as well.",
        )
    sender = settings.mail_default_send_from or settings.smtp_username or ""
    if "@" not in parseaddr(sender)[1]:
        raise Misconfigured(
            f"Mail has no sender: MAIL_DEFAULT_SEND_FROM is {settings.mail_default_send_from!r}; "
            "accepted is an address such as Homeport <no-reply@example.org>.",
            hint="Set MAIL_DEFAULT_SEND_FROM.",
        )
    return SmtpMailer(settings, sender)
