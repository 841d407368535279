"""Sends through Resend (https://resend.com/docs/api-reference/emails/send-email)."""

from __future__ import annotations

from homeport.backends.mail.dialects.http_api import MailApi, require
from homeport.backends.mail.drivers.resend.spec import ResendSettings
from homeport.backends.mail.errors import Misconfigured
from homeport.backends.mail.port import Mail

#: What a key that may do nothing but send is told when it asks for anything else.
_SENDS_ONLY = "restricted_api_key"


class ResendMailer:
    """A `Mailer` over the API."""

    def __init__(self, api: MailApi, sender: str) -> None:
        """`sender`: the From of every message."""
        self._api = api
        self._sender = sender

    async def send(self, mail: Mail) -> None:
        """See `Mailer.send`. The service itself drops a second message with the same id."""
        body = {"from": self._sender, "to": list(mail.to), "subject": mail.subject, "text": mail.text}
        if mail.html is not None:
            body["html"] = mail.html
        headers = {"Idempotency-Key": mail.message_id} if mail.message_id else None
        await self._api.call("POST", "/emails", body, headers)

    async def check(self) -> None:
        """See `Mailer.check`: the key is known."""
        try:
            await self._api.call("GET", "/domains")
        except Misconfigured as error:
            if _SENDS_ONLY not in error.message:
                raise

    async def close(self) -> None:
        """See `Mailer.close`."""
        await self._api.close()


async def open_driver(settings: ResendSettings) -> ResendMailer:
    """Nothing is connected yet. Raises `Misconfigured`."""
    require(settings, "resend_api_key", "mail_default_send_from")
    assert settings.resend_api_key
    assert settings.mail_default_send_from
    key = settings.resend_api_key.get_secret_value()
    api = MailApi("Resend", settings.resend_api_url, key, "RESEND_API_KEY", settings.mail_timeout)
    return ResendMailer(api, settings.mail_default_send_from)
