"""Something that this process asks again and again is away: said once, now and then while it lasts, and at its end."""

from __future__ import annotations

import time

import structlog

log = structlog.get_logger(__name__)

#: Seconds between two lines about the same outage.
REMIND_SECONDS = 60.0


class Outage:
    """What one loop knows of what it needs. Any number of failures are one line a minute."""

    def __init__(self, event: str, over: str, *, remind: float = REMIND_SECONDS) -> None:
        """`event`: the log line for a failure; `over`: the one for its end."""
        self._event = event
        self._over = over
        self._remind = remind
        self._began: float | None = None
        self._said = float("-inf")
        self._failures = 0

    def failed(self, error: BaseException, **about: object) -> bool:
        """It failed once more; answers whether that was said."""
        now = time.monotonic()
        self._failures += 1
        if self._began is None:
            self._began = now
        elif now - self._said < self._remind:
            return False
        self._said = now
        reason = (str(error) or type(error).__name__).splitlines()[0][:500]
        log.warning(self._event, error=reason, failures=self._failures, **about)
        return True

    def ended(self) -> None:
        """It went well; says so when it had failed."""
        if self._began is None:
            return
        log.info(self._over, seconds=round(time.monotonic() - self._began, 1), failures=self._failures)
        self._began, self._failures = None, 0
