"""The mail service lets us in."""

from __future__ import annotations

from homeport.backends.mail.registry import open_mailer
from homeport.backends.mail.settings import MailSettings
from homeport.features.operate.doctor.findings import Finding, ok, skipped


async def check_mail(settings: MailSettings) -> list[Finding]:
    """Greets the service and logs in; sends nothing."""
    mailer = await open_mailer(settings)
    if mailer is None:
        return [skipped("MAIL_TYPE is empty: no mail is sent.")]
    try:
        await mailer.check()
    finally:
        await mailer.close()
    return [ok(f"The mail service ({settings.mail_type}) lets us in.")]
