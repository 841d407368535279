"""Resend: what it needs to know."""

from __future__ import annotations

from pydantic import Field, SecretStr

from homeport.backends.mail.choice import MailChoice
from homeport.backends.mail.spec import DriverSpec


class ResendSettings(MailChoice):
    """Key and address of the API."""

    resend_api_key: SecretStr | None = Field(None, description="Key of the Resend API.")
    resend_api_url: str = Field(
        "https://api.resend.com", pattern="^https?://", description="Address of the Resend API."
    )


SPEC = DriverSpec("resend", ResendSettings)
