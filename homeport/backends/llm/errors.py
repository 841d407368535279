"""What can go wrong with a model provider, in the words every backend family uses, and the request it refuses.

The codes are those of the public API, where a failing model is the caller's 400 whatever its provider answered.
"""

from __future__ import annotations

from homeport.runtime.errors import HomeportError


class LlmError(HomeportError):
    """The model provider failed in a way it did not explain."""

    code = "completion_request_error"
    status = 400


class Misconfigured(LlmError):
    """The model provider is not set up correctly."""

    code = "provider_not_initialize"


class Unavailable(LlmError):
    """The model provider does not answer now."""

    temporary = True


class NotFound(LlmError):
    """The model provider does not have this model."""

    code = "model_currently_not_support"


class RateLimited(LlmError):
    """The model provider has had too many requests from this account."""

    code = "rate_limit_error"
    status = 429
    temporary = True

    def __init__(
        self, message: str | None = None, *, hint: str | None = None, retry_after: float | None = None
    ) -> None:
        """`retry_after`: seconds the provider asked to wait, if it said."""
        super().__init__(message, hint=hint)
        self.retry_after = retry_after


class QuotaExceeded(LlmError):
    """The account at the model provider has no credit left."""

    code = "provider_quota_exceeded"


class Unsupported(LlmError):
    """This model provider cannot do that."""

    code = "model_currently_not_support"


class Refused(LlmError):
    """The model provider did not accept the request."""
