"""Sends through SendGrid (https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send)."""

from __future__ import annotations

from email.utils import parseaddr
from typing import Any

from homeport.backends.mail.dialects.http_api import MailApi, require
from homeport.backends.mail.drivers.sendgrid.spec import SendGridSettings
from homeport.backends.mail.errors import Misconfigured
from homeport.backends.mail.port import Mail


class SendGridMailer:
    """A `Mailer` over the API."""

    def __init__(self, api: MailApi, sender: str) -> None:
        """`sender`: the From of every message."""
        self._api = api
        name, address = parseaddr(sender)
        self._sender = {"email": address, "name": name} if name else {"email": address}

    async def send(self, mail: Mail) -> None:
        """See `Mailer.send`."""
        content = [{"type": "text/plain", "value": mail.text}]
        if mail.html is not None:
            content.append({"type": "text/html", "value": mail.html})
        body: dict[str, Any] = {
            "personalizations": [{"to": [{"email": address} for address in mail.to]}],
            "from": self._sender,
            "subject": mail.subject,
            "content": content,
        }
        if mail.message_id is not None:
            body["custom_args"] = {"message_id": mail.message_id}
        await self._api.call("POST", "/v3/mail/send", body)

    async def check(self) -> None:
        """See `Mailer.check`: the key is known and may send."""
        scopes = (await self._api.call("GET", "/v3/scopes")).json().get("scopes", [])
        if "mail.send" not in scopes:
            raise Misconfigured(
                "The key of SendGrid lacks the scope mail.send.", hint="Make one that has it and set SENDGRID_API_KEY."
            )

    async def close(self) -> None:
        """See `Mailer.close`."""
        await self._api.close()


async def open_driver(settings: SendGridSettings) -> SendGridMailer:
    """Nothing is connected yet. Raises `Misconfigured`."""
    require(settings, "sendgrid_api_key", "mail_default_send_from")
    assert settings.sendgrid_api_key
    assert settings.mail_default_send_from
    key = settings.sendgrid_api_key.get_secret_value()
    api = MailApi("SendGrid", settings.sendgrid_api_url, key, "SENDGRID_API_KEY", settings.mail_timeout)
    return SendGridMailer(api, settings.mail_default_send_from)
