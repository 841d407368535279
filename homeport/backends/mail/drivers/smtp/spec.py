"""SMTP: what it needs to know."""

from __future__ import annotations

from pydantic import Field, PositiveInt, SecretStr

from homeport.backends.mail.choice import MailChoice
from homeport.backends.mail.spec import DriverSpec


class SmtpSettings(MailChoice):
    """Where the server is and how to be let in."""

    smtp_server: str | None = Field(None, description="Host of the SMTP server.")
    smtp_port: PositiveInt = Field(465, le=65535, description="Port of the SMTP server: usually 465, 587 or 25.")
    smtp_username: str | None = Field(None, description="User at the SMTP server; empty: no login.")
    smtp_password: SecretStr | None = Field(None, description="Password at the SMTP server.")
    smtp_use_tls: bool = Field(False, description="Encrypt: from the first byte, or see SMTP_OPPORTUNISTIC_TLS.")
    smtp_opportunistic_tls: bool = Field(
        False, description="With SMTP_USE_TLS: begin unencrypted and demand STARTTLS, as servers on port 587 expect."
    )
    smtp_local_hostname: str | None = Field(None, description="Name this host gives to the SMTP server.")


SPEC = DriverSpec("smtp", SmtpSettings)
