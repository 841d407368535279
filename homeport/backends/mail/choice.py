"""The settings that choose the driver; every driver's own section builds on them."""

from __future__ import annotations

from pydantic import Field

from homeport.runtime.config.section import Section


class MailChoice(Section):
    """Whether and how mail is sent."""

    mail_type: str | None = Field(None, description="How mail is sent: smtp, resend or sendgrid; empty: not at all.")
    mail_default_send_from: str | None = Field(
        None, description="Sender of all mail, such as Homeport <no-reply@example.org>."
    )
    mail_timeout: float = Field(30.0, gt=0, description="Seconds a mail service may take to answer.")
