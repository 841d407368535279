"""What an operator has set for a queue: paused, how many jobs at once, how many a minute."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import CursorResult, case, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from homeport.runtime.db.clock import database_now
from homeport.runtime.tasks.tables import QueueSwitch


@dataclass(frozen=True, slots=True)
class QueueControl:
    """The limits of one queue over the whole installation; None: no limit."""

    queue: str
    paused_at: datetime | None = None
    paused_by: str | None = None
    #: Jobs that run at the same time.
    at_once: int | None = None
    #: The same for the jobs of one workspace.
    per_workspace: int | None = None
    #: Jobs that begin within a minute, evenly spread.
    per_minute: int | None = None
    #: With `per_minute`: when the next may begin.
    next_at: datetime | None = None

    @property
    def limited(self) -> bool:
        """Whether a job may have to wait although it is its turn."""
        return (self.at_once, self.per_workspace, self.per_minute) != (None, None, None)


async def read_controls(session: AsyncSession) -> dict[str, QueueControl]:
    """Those that are set, by queue."""
    rows = (await session.execute(select(QueueSwitch))).scalars()
    return {
        row.queue: QueueControl(
            row.queue, row.paused_at, row.paused_by, row.at_once, row.per_workspace, row.per_minute, row.next_at
        )
        for row in rows
    }


async def change_control(session: AsyncSession, queue: str, **values: Any) -> None:
    """Set fields of a queue's control: paused_at, paused_by, at_once, per_workspace, per_minute."""
    switch = (
        await session.execute(select(QueueSwitch).where(QueueSwitch.queue == queue).with_for_update())
    ).scalar_one_or_none()
    if switch is None:
        switch = QueueSwitch(queue=queue)
        session.add(switch)
    for name, value in values.items():
        setattr(switch, name, value)
    await session.flush()


async def take_turn_of_rate(session: AsyncSession, control: QueueControl) -> bool:
    """Whether a job may begin now under `per_minute`; if so the next must wait its share of the minute."""
    assert control.per_minute is not None
    now = database_now(session)
    may = or_(QueueSwitch.next_at.is_(None), QueueSwitch.next_at <= now)
    then = now + timedelta(minutes=1) / control.per_minute
    taken = update(QueueSwitch).where(QueueSwitch.queue == control.queue, may).values(next_at=case((may, then)))
    return cast("CursorResult[Any]", await session.execute(taken)).rowcount == 1
