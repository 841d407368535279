"""SendGrid: what it needs to know."""

from __future__ import annotations

from pydantic import Field, SecretStr

from homeport.backends.mail.choice import MailChoice
from homeport.backends.mail.spec import DriverSpec


class SendGridSettings(MailChoice):
    """Key and address of the API."""

    sendgrid_api_key: SecretStr | None = Field(None, description="Key of the SendGrid API.")
    sendgrid_api_url: str = Field(
        "https://api.sendgrid.com", pattern="^https?://", description="Address of the SendGrid API."
    )


SPEC = DriverSpec("sendgrid", SendGridSettings)
