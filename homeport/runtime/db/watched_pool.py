"""A connection pool that knows how often, and how long, somebody had to wait for a connection."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from sqlalchemy import AsyncAdaptedQueuePool


class Waits:
    """How often something had to be waited for, and how long in all."""

    __slots__ = ("number", "seconds")

    def __init__(self) -> None:
        self.number = 0
        self.seconds = 0.0

    def add(self, began: float) -> None:
        """Note a wait that began at `time.perf_counter()`."""
        self.number += 1
        self.seconds += time.perf_counter() - began


@dataclass(frozen=True, slots=True)
class PoolFigures:
    """A pool at one moment."""

    name: str
    size: int
    in_use: int
    #: Connections above `size`.
    overflow: int
    waits: Waits


class WatchedPool(AsyncAdaptedQueuePool):
    """SQLAlchemy's pool for asynchronous drivers, which counts its waits."""

    _sqla_logger_namespace = "sqlalchemy.pool"  # SQLAlchemy's own lines stay below its own name

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.waits = Waits()

    def figures(self, name: str) -> PoolFigures:
        """How it stands now."""
        return PoolFigures(name, self.size(), self.checkedout(), max(0, self.overflow()), self.waits)

    def _do_get(self) -> Any:
        if self._max_overflow < 0 or self._overflow < self._max_overflow or self.checkedin():
            return super()._do_get()
        began = time.perf_counter()
        try:
            return super()._do_get()
        finally:
            self.waits.add(began)
