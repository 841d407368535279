"""A mailer of every driver in turn, each against a server that speaks its protocol."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest

from homeport.backends.mail.discover import find_specs
from homeport.backends.mail.port import Mailer
from homeport.backends.mail.registry import open_mailer
from homeport.backends.mail.settings import MailSettings
from tests.support.mail_api import KEY, mail_api
from tests.support.mail_server import smtp_server

SENDER = "Homeport <no-reply@example.org>"
ACCOUNT = ("postman", "letter-box-1")


@dataclass
class Sent:
    """A message as the service got it, in the same words for all services."""

    sender: str
    to: list[str]
    subject: str
    text: str
    html: str | None


@dataclass
class Service:
    """A mailer and what lies behind it."""

    mailer: Mailer
    sent: Callable[[], list[Sent]]
    #: From now on it takes no message to this address, for good.
    refuse: Callable[[str], None]
    #: From now on it says: later.
    be_busy: Callable[[], None]


async def _smtp(stack: AsyncExitStack) -> Service:
    server = await stack.enter_async_context(smtp_server(account=ACCOUNT))

    def sent() -> list[Sent]:
        found = []
        for to, message in server.received:
            text, html = message.get_body(("plain",)), message.get_body(("html",))
            assert text is not None
            found.append(
                Sent(
                    str(message["From"]),
                    to,
                    str(message["Subject"]),
                    text.get_content().rstrip("\r\n"),
                    None if html is None else html.get_content().rstrip("\r\n"),
                )
            )
        return found

    def be_busy() -> None:
        server.refuse_data = "451 greylisted, come again"

    mailer = await open_mailer(
        MailSettings.model_validate(
            {
                "mail_type": "smtp",
                "mail_default_send_from": SENDER,
                "smtp_server": "127.0.0.1",
                "smtp_port": server.port,
                "smtp_username": ACCOUNT[0],
                "smtp_password": ACCOUNT[1],
            }
        )
    )
    assert mailer is not None
    return Service(mailer, sent, lambda address: server.refuse.update({address: "550 nobody here"}), be_busy)


async def _resend(stack: AsyncExitStack) -> Service:
    server = stack.enter_context(mail_api())
    mailer = await open_mailer(
        MailSettings.model_validate(
            {
                "mail_type": "resend",
                "mail_default_send_from": SENDER,
                "resend_api_key": KEY,
                "resend_api_url": server.url,
            }
        )
    )
    assert mailer is not None
    return Service(
        mailer,
        lambda: [
            Sent(body["from"], body["to"], body["subject"], body["text"], body.get("html"))
            for _, _, body in server.received
        ],
        lambda address: server.answers.update({"/emails": (422, {"message": f"{address} is not valid"})}),
        lambda: server.answers.update({"/emails": (429, {"message": "Too many requests"})}),
    )


async def _sendgrid(stack: AsyncExitStack) -> Service:
    server = stack.enter_context(mail_api())
    mailer = await open_mailer(
        MailSettings.model_validate(
            {
                "mail_type": "sendgrid",
                "mail_default_send_from": SENDER,
                "sendgrid_api_key": KEY,
                "sendgrid_api_url": server.url,
            }
        )
    )
    assert mailer is not None

    def sent() -> list[Sent]:
        found = []
        for _, _, body in server.received:
            content = {part["type"]: part["value"] for part in body["content"]}
            to = [one["email"] for one in body["personalizations"][0]["to"]]
            sender = f"{body['from']['name']} <{body['from']['email']}>"
            found.append(Sent(sender, to, body["subject"], content["text/plain"], content.get("text/html")))
        return found

    return Service(
        mailer,
        sent,
        lambda address: server.answers.update({"/v3/mail/send": (400, {"errors": [{"message": address}]})}),
        lambda: server.answers.update({"/v3/mail/send": (503, {"errors": []})}),
    )


_SET_UPS = {"smtp": _smtp, "resend": _resend, "sendgrid": _sendgrid}


@pytest.fixture(params=sorted(find_specs()))
async def service(request: pytest.FixtureRequest) -> AsyncGenerator[Service]:
    """A driver without a set-up fails here."""
    async with AsyncExitStack() as stack:
        made = await _SET_UPS[request.param](stack)
        stack.push_async_callback(made.mailer.close)
        yield made
