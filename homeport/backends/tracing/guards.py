"""Around every driver: bound the time, and say whose error it is.

Nothing is repeated here. What hands traces over is a job, which is tried again later and outlives this process.
"""

from __future__ import annotations

from collections.abc import Sequence

from homeport.backends.tracing.errors import Misconfigured, Unavailable
from homeport.backends.tracing.port import Trace, Tracer
from homeport.runtime.drivers.patience import Patience
from homeport.runtime.outbound.errors import AddressRefused

SECONDS = 30.0


class GuardedTracer:
    """A `Tracer` as features get it."""

    def __init__(self, driver: Tracer, name: str, seconds: float = SECONDS) -> None:
        """`name`: the service's, for error sentences; `seconds` a call may take in all."""
        self._driver = driver
        self._name = name
        self._patience = Patience(timeout=seconds, attempts=1)

    async def export(self, batch: Sequence[Trace]) -> None:
        """See `Tracer.export`."""
        if not batch:
            return
        try:
            await self._patience.in_time(self._driver.export(batch), self._too_slow)
        except AddressRefused as error:
            raise self._refused(error) from error

    async def check(self) -> None:
        """See `Tracer.check`."""
        try:
            await self._patience.in_time(self._driver.check(), self._too_slow)
        except AddressRefused as error:
            raise self._refused(error) from error

    def _refused(self, error: AddressRefused) -> Misconfigured:
        return Misconfigured(f"{self._name}: {error.message}", hint=error.hint)

    def _too_slow(self) -> Unavailable:
        return Unavailable(f"{self._name}: no answer within {self._patience.timeout:g} seconds.")
