"""What can go wrong with mail, in the words every backend family uses."""

from __future__ import annotations

from homeport.runtime.errors import HomeportError


class MailError(HomeportError):
    """The mail service failed in a way it did not explain."""

    code = "mail_error"


class Misconfigured(MailError):
    """Mail cannot be sent as it is configured."""

    code = "mail_misconfigured"


class Unavailable(MailError):
    """The mail service does not answer now."""

    code = "mail_unavailable"
    status = 503
    temporary = True


class RateLimited(MailError):
    """The mail service asks to be called less often."""

    code = "mail_rate_limited"
    status = 503
    temporary = True


class Rejected(MailError):
    """The mail service does not take this message or one of its addresses."""

    code = "mail_rejected"
    status = 422
