"""How long a backend is waited for, and how often it is asked again while it fails for a passing reason."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from homeport.runtime.errors import HomeportError

Answer = TypeVar("Answer")

_dice = random.SystemRandom()


@dataclass(frozen=True, slots=True)
class Patience:
    """All times in seconds."""

    timeout: float = 60.0
    attempts: int = 4
    first_pause: float = 0.2
    longest_pause: float = 10.0

    def pause(self, failures: int, error: HomeportError) -> float | None:
        """Seconds to wait after so many failures, or None when asking again is of no use.

        Doubled each time and cut by up to half so that callers spread; what the other side asks for counts more, and
        when it asks for more than anybody would wait, that is told at once.
        """
        if not error.temporary or failures >= self.attempts:
            return None
        pause = min(self.longest_pause, self.first_pause * 2.0 ** (failures - 1)) * _dice.uniform(0.5, 1.0)
        if error.retry_after is not None:
            return max(pause, error.retry_after) if error.retry_after <= self.longest_pause else None
        return pause

    async def pause_or_raise(self, error: HomeportError, failures: int) -> None:
        """Called while `error` is being handled: sleeps, or raises it when asking again is of no use."""
        pause = self.pause(failures, error)
        if pause is None:
            raise error
        await asyncio.sleep(pause)

    async def in_time(self, waiting: Awaitable[Answer], too_slow: Callable[[], HomeportError]) -> Answer:
        """What is waited for; raises `too_slow()` after the timeout. A timeout of the caller's own stays one."""
        try:
            async with asyncio.timeout(self.timeout) as limit:
                return await waiting
        except TimeoutError as error:
            if not limit.expired():
                raise
            raise too_slow() from error

    async def repeat(self, call: Callable[[], Awaitable[Answer]], too_slow: Callable[[], HomeportError]) -> Answer:
        """The answer of `call`, made again while it fails for a passing reason."""
        failures = 0
        while True:
            try:
                return await self.in_time(call(), too_slow)
            except HomeportError as error:
                failures += 1
                await self.pause_or_raise(error, failures)
