"""Who of several processes is on duty: a row that whoever has it moves on, and that is taken when it stands still.

No clocks are compared. Whoever stands by watches the row, and measures by its own clock how long it has not moved. So
the duty goes to another process within seconds of a crash, whatever became of the connections of the one that crashed.
For a moment two may take themselves for the one on duty: what they do must bear that.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import CursorResult, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from homeport.runtime.db.clock import database_now
from homeport.runtime.db.database import Database
from homeport.runtime.tasks.tables import Duty

#: The duty of keeping the timetable of a fleet.
BEAT = "beat"
#: How long a row stands still before another process takes the duty. Whoever has it moves it on every two seconds.
PATIENCE_SECONDS = 6.0
#: Whoever looks from outside takes a process for gone that has said nothing for so long.
SILENCE = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class DutyState:
    """Who had it when last seen."""

    holder: str | None
    since: datetime | None
    seen_at: datetime


class DutyRota:
    """This process' part in one duty."""

    def __init__(self, database: Database, name: str, holder: str, *, patience: float = PATIENCE_SECONDS) -> None:
        """`holder`: this process, unlike all others; `patience`: seconds, more than two turns of whoever has it."""
        self._database = database
        self._name = name
        self._holder = holder
        self._patience = patience
        self._mine: int | None = None
        self._seen: int | None = None
        self._seen_since = 0.0

    async def take(self) -> bool:
        """Take the duty or keep it: to be called again and again. Answers whether this process has it now."""
        async with self._database.begin() as session:
            if self._mine is not None:
                if await self._move(session, self._mine):
                    return True
                self._mine = None
            found = select(Duty.holder, Duty.moves).where(Duty.name == self._name)
            row = (await session.execute(found)).one_or_none()
            if row is not None and (row.holder is None or self._stands_still(row.moves)):
                return await self._move(session, row.moves, since=database_now(session))
        return row is None and await self._found()

    async def leave(self) -> None:
        """Give it up, so that another process need not wait."""
        if self._mine is None:
            return
        async with self._database.begin() as session:
            await self._move(session, self._mine, holder=None, since=None)
        self._mine = None

    def _stands_still(self, moves: int) -> bool:
        now = time.monotonic()
        if moves != self._seen:
            self._seen, self._seen_since = moves, now
        return now - self._seen_since >= self._patience

    async def _move(self, session: AsyncSession, moves: int, **values: Any) -> bool:
        """Only whoever knows how far the row was can move it, so of several one does."""
        values = {"holder": self._holder, "seen_at": database_now(session), "moves": moves + 1} | values
        moved = update(Duty).where(Duty.name == self._name, Duty.moves == moves).values(**values)
        if cast("CursorResult[Any]", await session.execute(moved)).rowcount != 1:
            return False
        self._mine = moves + 1
        return True

    async def _found(self) -> bool:
        try:
            async with self._database.begin() as session:
                now = database_now(session)
                session.add(Duty(name=self._name, holder=self._holder, since=now, seen_at=now, moves=0))
        except IntegrityError:  # another process was quicker
            return False
        self._mine = 0
        return True


async def read_duty(session: AsyncSession, name: str) -> DutyState | None:
    """Who has the duty, as the row says; None when nobody ever had it."""
    found = select(Duty.holder, Duty.since, Duty.seen_at).where(Duty.name == name)
    row = (await session.execute(found)).one_or_none()
    return None if row is None else DutyState(row.holder, row.since, row.seen_at)
