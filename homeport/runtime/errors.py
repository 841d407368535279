"""The base of every error a person may see: a stable code, an HTTP status, one sentence, a hint.

A subclass names what is wrong. Its docstring is its default sentence, so no error is without one. Whatever is not a
`HomeportError` is a fault of ours: it is logged with its traceback and shown as an internal error without details.
"""

from __future__ import annotations

from typing import ClassVar


class HomeportError(Exception):
    """Something went wrong."""

    code: ClassVar[str] = "internal_server_error"
    status: ClassVar[int] = 500
    #: Whether the same call may succeed later without anybody changing anything.
    temporary: ClassVar[bool] = False
    #: Seconds to wait before that, for errors that know.
    retry_after: float | None = None

    def __init__(self, message: str | None = None, *, hint: str | None = None) -> None:
        """`message`: what arrived and what is accepted; `hint`: where to change it."""
        self.message = message or (type(self).__doc__ or "").strip()
        self.hint = hint
        super().__init__(self.message)

    def __str__(self) -> str:
        return f"{self.message} {self.hint}" if self.hint else self.message


class InvalidInput(HomeportError):
    """The request has a value that is not accepted."""

    code = "invalid_param"
    status = 400


class BadRequest(HomeportError):
    """The request could not be read."""

    code = "bad_request"
    status = 400


class Unauthorized(HomeportError):
    """Sign in, or send a valid key."""

    code = "unauthorized"
    status = 401


class Forbidden(HomeportError):
    """Your role does not allow this."""

    code = "forbidden"
    status = 403


class NotFound(HomeportError):
    """There is no such thing here."""

    code = "not_found"
    status = 404


class Conflict(HomeportError):
    """This contradicts something that is already there."""

    code = "conflict"
    status = 409


class TooManyRequests(HomeportError):
    """Too many requests at once; try again shortly."""

    code = "too_many_requests"
    status = 429
    temporary = True


class Unavailable(HomeportError):
    """A service this needs does not answer now."""

    code = "service_unavailable"
    status = 503
    temporary = True


class DiskFull(HomeportError):
    """The disk is full; free some space on it, and what waits goes on."""

    code = "disk_full"
    status = 507
    temporary = True
