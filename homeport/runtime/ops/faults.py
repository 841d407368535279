"""Where errors that nobody expected are told to: the log always, an error tracker when one is set (SENTRY_DSN)."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Protocol


class Timed(Protocol):
    """A request or a job the tracker times."""

    def end(self, name: str, status: str) -> None:
        """What it was and how it ended: both known only at its end."""


class Tracker(Protocol):
    """An error tracker."""

    def report(self, error: BaseException, **tags: str) -> None:
        """Tell it about an error. Does not wait for the network and does not raise."""

    def timed(self, kind: str, name: str) -> AbstractContextManager[Timed]:
        """Time the block; what is reported within belongs to it."""


class _Untimed:
    def end(self, name: str, status: str) -> None:
        pass


_UNTIMED: AbstractContextManager[Timed] = nullcontext(_Untimed())
_tracker: Tracker | None = None


def report_to(tracker: Tracker | None) -> None:
    """Tell `tracker` about every error from now on in this process; None ends that."""
    global _tracker  # noqa: PLW0603 - one per process, as the log is
    _tracker = tracker


def is_tracked() -> bool:
    """Whether anybody is told."""
    return _tracker is not None


def report(error: BaseException, **tags: str) -> None:
    """Tell about an error that is a fault of ours; its caller logs it."""
    if _tracker is not None:
        _tracker.report(error, **tags)


def timed(kind: str, name: str) -> AbstractContextManager[Timed]:
    """Let the tracker time a request (`http.server`) or a job (`queue.task`)."""
    return _UNTIMED if _tracker is None else _tracker.timed(kind, name)
