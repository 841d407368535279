"""The time of the database: the one clock on which all who share it agree, however wrong their own are.

It is read when a connection is opened and every few seconds (`Database.read_clock`), and carried on in between by the
monotonic clock of this process, which nobody sets. A lease that one process wrote is judged rightly by every other.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from homeport.runtime.db.columns import utc_now

#: Seconds since 1970 by the server's clock. A file has no clock but ours.
NOW = {
    "postgresql": "SELECT extract(epoch FROM clock_timestamp())",
    "mysql": "SELECT unix_timestamp(now(6))",
}
_KEY = "clock"


class Clock:
    """The clock of one database, as this process knows it."""

    def __init__(self, kind: str) -> None:
        """`kind`: the engine. Until it is read it shows our own time."""
        self.statement = NOW.get(kind)
        #: The server's time, and ours (monotonic seconds) when it was that.
        self._read: tuple[datetime, float] | None = None

    @property
    def age(self) -> float:
        """Seconds since it was read; infinite before. Zero where there is but one clock."""
        if self.statement is None:
            return 0.0
        return float("inf") if self._read is None else time.monotonic() - self._read[1]

    def now(self) -> datetime:
        """The time there now (UTC)."""
        if self._read is None:
            return utc_now()
        theirs, ours = self._read
        return theirs + timedelta(seconds=time.monotonic() - ours)

    def set(self, seconds: float, asked: float, answered: float) -> None:
        """It showed `seconds` since 1970 between these two moments of the monotonic clock."""
        self._read = (datetime.fromtimestamp(seconds, UTC), (asked + answered) / 2)

    def read_by(self, connection: Any) -> None:
        """Read it through a new connection of the driver."""
        if self.statement is None:
            return
        cursor = connection.cursor()
        asked = time.monotonic()
        cursor.execute(self.statement)
        seconds = float(cursor.fetchone()[0])
        self.set(seconds, asked, time.monotonic())
        cursor.close()
        connection.rollback()

    def lend(self, session: AsyncSession) -> None:
        """Let whoever has the session ask `database_now`."""
        session.info[_KEY] = self


def database_now(session: AsyncSession) -> datetime:
    """The time by the clock of the session's database; ours for a session that does not know one."""
    clock: Clock | None = session.info.get(_KEY)
    return utc_now() if clock is None else clock.now()
