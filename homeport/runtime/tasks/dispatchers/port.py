"""What a dispatcher promises."""

from __future__ import annotations

from typing import Protocol


class Dispatcher(Protocol):
    """Carries hints. A hint may be lost or doubled; the job row and the sweep make up for either."""

    async def send(self, queue: str, job_id: str) -> None:
        """Tell a worker of `queue` about a job. Never raises: a failed hint is logged, and the sweep tells it later."""

    async def alive(self) -> bool:
        """Whether hints can be sent now."""

    async def start(self) -> None:
        """Begin to work."""

    async def close(self) -> None:
        """Stop, and hand back what is unfinished."""
