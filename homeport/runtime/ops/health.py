"""Whether this process can do its work: checks that the rooms contribute, asked together and in bounded time.

    house.checks.add(Check("redis", fault))

`fault` is a coroutine function that answers None when all is well, else one sentence for the operator, without secrets.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

import structlog

from homeport.runtime.errors import HomeportError

log = structlog.get_logger(__name__)

#: Seconds a check may take, and seconds for which its answer is taken as still true.
PATIENCE_SECONDS = 3.0
FRESH_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Check:
    """One thing this process needs. `fault` may also raise a `HomeportError`, whose sentence is taken."""

    name: str
    fault: Callable[[], Awaitable[str | None]]


class Checks:
    """The checks of a process. Any number of probes at a time cost one look at each thing."""

    def __init__(
        self, checks: Iterable[Check] = (), *, patience: float = PATIENCE_SECONDS, fresh: float = FRESH_SECONDS
    ) -> None:
        """`patience`: seconds a check may take; `fresh`: seconds its answer holds."""
        self._checks = list(checks)
        self._patience = patience
        self._fresh = fresh
        self._found: dict[str, str | None] = {}
        self._found_at = float("-inf")
        self._looking: asyncio.Task[None] | None = None
        self._asked: dict[str, asyncio.Future[str | None]] = {}

    def add(self, check: Check) -> None:
        """Ask this one too from now on."""
        self._checks.append(check)
        self.forget()

    def forget(self) -> None:
        """Look again when next asked."""
        self._found_at = float("-inf")

    async def faults(self) -> dict[str, str | None]:
        """What is wrong with each thing by its name, None for what is well; answered within the patience."""
        if time.monotonic() - self._found_at >= self._fresh:
            if self._looking is None or self._looking.done():
                self._looking = asyncio.create_task(self._look())
            await asyncio.shield(self._looking)  # a probe that goes away must not stop the look of another
        return dict(self._found)

    async def _look(self) -> None:
        for check in self._checks:
            earlier = self._asked.get(check.name)
            if earlier is None or earlier.done():  # one that hangs is not asked a second time beside itself
                self._asked[check.name] = asyncio.ensure_future(check.fault())
        if self._asked:
            await asyncio.wait(self._asked.values(), timeout=self._patience)
        self._found = {check.name: self._answer_of(check.name) for check in self._checks}
        self._found_at = time.monotonic()

    def _answer_of(self, name: str) -> str | None:
        asked = self._asked[name]
        if not asked.done():
            asked.cancel()
            return f"No answer within {self._patience:g} s."
        if asked.cancelled():
            return "The check was stopped."
        error = asked.exception()
        if isinstance(error, HomeportError):
            return str(error)
        if error is not None:
            log.error("a health check raised", check=name, exc_info=error)
            return f"The check failed with {type(error).__name__}; see the log."
        return asked.result()

    async def close(self) -> None:
        """Stop what is still asked."""
        left = [one for one in (self._looking, *self._asked.values()) if one is not None and not one.done()]
        for one in left:
            one.cancel()
        if left:
            await asyncio.wait(left, timeout=self._patience)
