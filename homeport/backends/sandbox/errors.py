"""What can go wrong when code is run elsewhere, in the words every backend family uses, and in those of the code."""

from __future__ import annotations

from homeport.runtime.errors import HomeportError


class SandboxError(HomeportError):
    """The sandbox failed in a way it did not explain."""

    code = "sandbox_error"


class Misconfigured(SandboxError):
    """The sandbox cannot be used as it is configured."""

    code = "sandbox_misconfigured"


class Unavailable(SandboxError):
    """The sandbox does not answer now."""

    code = "sandbox_unavailable"
    status = 503
    temporary = True


class RateLimited(SandboxError):
    """The sandbox runs as much code as it can."""

    code = "sandbox_rate_limited"
    status = 503
    temporary = True


class Unsupported(SandboxError):
    """The sandbox cannot do that."""

    code = "sandbox_unsupported"
    status = 501


class CodeFailed(SandboxError):
    """The code ended with an error."""

    code = "code_failed"
    status = 400


class CodeTooSlow(CodeFailed):
    """The code took longer than it may."""

    code = "code_timeout"


class CodeRefused(CodeFailed):
    """The code tried what the sandbox does not allow."""

    code = "code_not_permitted"


class InvalidResult(CodeFailed):
    """The code gave a result that is not accepted."""

    code = "code_invalid_result"
