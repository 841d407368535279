"""Where errors that nobody expected are told to: the log always, an error tracker when one is set (SENTRY_DSN)."""

from __future__ import annotations

from typing import Protocol


class Tracker(Protocol):
    """An error tracker."""

    def report(self, error: BaseException, **tags: str) -> None:
        """Tell it about an error. Does not block and does not raise."""


_tracker: Tracker | None = None


def report_to(tracker: Tracker | None) -> None:
    """Tell `tracker` about every error from now on in this process; None ends that."""
    global _tracker  # noqa: PLW0603 - one per process, as the log is
    _tracker = tracker


def report(error: BaseException, **tags: str) -> None:
    """Tell about an error that was a fault of ours; it is logged by the caller."""
    if _tracker is not None:
        _tracker.report(error, **tags)
