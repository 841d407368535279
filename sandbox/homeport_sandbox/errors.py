"""What can go wrong, in one sentence each."""

from __future__ import annotations


class SandboxError(Exception):
    """The sandbox failed."""

    #: The `code` of the answer's envelope.
    code = -500
    status = 200


class NotStarted(SandboxError):
    """The interpreter for untrusted code did not start."""


class TooWeak(SandboxError):
    """This machine confines code less than the settings ask for, so none is run."""


class BadRequest(SandboxError):
    """The request is not accepted."""

    code = -400
    status = 400


class Refused(SandboxError):
    """The request is well formed, but these settings do not allow it."""

    code = -400


class Busy(SandboxError):
    """Too many requests"""

    code = -503
    status = 503


class WrongSettings(SandboxError):
    """A setting has a value that is not accepted."""
