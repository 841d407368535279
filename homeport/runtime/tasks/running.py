"""A job that this process works on."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Literal

from sqlalchemy.ext.asyncio import AsyncSession

from homeport.runtime.db.database import Database, after_commit
from homeport.runtime.errors import HomeportError
from homeport.runtime.tasks import repository

_PROGRESS_SECONDS = 0.5

StopReason = Literal["cancelled", "handed back", "lease lost", "worker full"]


class LeaseLost(HomeportError):
    """Another worker has taken this job over."""

    code = "lease_lost"


class WorkerFull(HomeportError):
    """The worker had to start anew: it had grown too large, maybe by this job."""

    code = "worker_full"
    temporary = True


@dataclass(slots=True)
class Running:
    """A job this process works on; what its task sees of it."""

    id: str
    attempt: int
    max_attempts: int
    workspace_id: str | None
    database: Database
    task: str = ""
    completed: bool = False
    coroutine: asyncio.Task[None] | None = None
    stop_reason: StopReason | None = None
    _shown: float = field(default=0.0)

    async def progress(self, done: int, total: int) -> None:
        """Show how far the job is; written at most twice a second."""
        now = time.monotonic()
        if now - self._shown < _PROGRESS_SECONDS:
            return
        self._shown = now
        async with self.database.begin() as session:
            await repository.set_progress(session, self.id, self.attempt, done, total)

    async def complete(self, session: AsyncSession) -> None:
        """Mark the job succeeded in the given transaction; raises `LeaseLost` when it belongs to a later attempt."""
        if not await repository.succeed(session, self.id, self.attempt):
            raise LeaseLost
        after_commit(session, self._note_completed)

    async def _note_completed(self) -> None:
        self.completed = True

    def stop(self, reason: StopReason) -> None:
        """Cancel the task's coroutine."""
        if self.coroutine is not None and not self.completed:
            self.stop_reason = reason
            self.coroutine.cancel()
