"""What can go wrong with work in a child process."""

from __future__ import annotations

from homeport.runtime.errors import HomeportError, Unavailable


class OffloadError(HomeportError):
    """The work in a child process came to no result."""

    code = "work_failed"


class WorkTimedOut(OffloadError):
    """The work took too long and was stopped."""

    code = "work_timed_out"


class WorkOutOfMemory(OffloadError):
    """The work needed more memory than it may use."""

    code = "work_out_of_memory"


class WorkCrashed(OffloadError):
    """The process doing the work crashed."""

    code = "work_crashed"


class WorkFailed(OffloadError):
    """The work ended with an unexpected error."""

    def __init__(self, message: str | None = None, *, hint: str | None = None, traceback: str = "") -> None:
        """`traceback`: the child's, for logs only."""
        super().__init__(message, hint=hint)
        self.traceback = traceback


class OffloadClosed(Unavailable):
    """This process is shutting down; try again shortly."""
