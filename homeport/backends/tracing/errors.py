"""What can go wrong with an observability service, in the words every backend family uses."""

from __future__ import annotations

from homeport.runtime.errors import HomeportError


class TracingError(HomeportError):
    """The observability service failed in a way it did not explain."""

    code = "tracing_error"


class Misconfigured(TracingError):
    """The observability service cannot be used with these keys or at this address."""

    code = "tracing_misconfigured"
    status = 400


class Unavailable(TracingError):
    """The observability service does not answer now."""

    code = "tracing_unavailable"
    status = 503
    temporary = True


class RateLimited(TracingError):
    """The observability service asks to be called less often."""

    code = "tracing_rate_limited"
    status = 503
    temporary = True

    def __init__(
        self, message: str | None = None, *, hint: str | None = None, retry_after: float | None = None
    ) -> None:
        """`retry_after`: seconds the service asked to wait, if it said."""
        super().__init__(message, hint=hint)
        self.retry_after = retry_after


class Rejected(TracingError):
    """The observability service does not take this trace."""

    code = "tracing_rejected"
    status = 422
