"""What can go wrong on the way to an address given by a user."""

from __future__ import annotations

from homeport.runtime.errors import HomeportError


class AddressRefused(HomeportError):
    """This address may not be visited."""

    code = "address_refused"
    status = 400


class OutboundFailed(HomeportError):
    """The other side did not answer as it should."""

    code = "outbound_failed"
    status = 502
    temporary = True


class AnswerTooLarge(HomeportError):
    """The other side sent more than is accepted."""

    code = "file_too_large"
    status = 413
