"""Stop the guessing of passwords: five attempts in a window, counted in the database so that all replicas share it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import ceil

from homeport.features.identity import repository
from homeport.features.identity.errors import TooManyLoginAttempts
from homeport.features.identity.room import IdentityRoom
from homeport.features.identity.tables import Attempt
from homeport.runtime.db.columns import utc_now

_MOST_ATTEMPTS = 5


async def count_attempt(room: IdentityRoom, subject_hash: str, email_hash: str | None = None) -> None:
    """Note an attempt before its password is looked at. Raises `TooManyLoginAttempts` and then notes nothing.

    Whoever asks many times at once finds the others' notes in the second look, so no burst gets more than five through.
    """
    now = utc_now()
    window = timedelta(seconds=room.settings.login_lockout_duration)
    async with room.database.begin() as session:
        earlier = await repository.attempts_since(session, subject_hash, now - window)
        _refuse(earlier, _MOST_ATTEMPTS, now, window)
        session.add(Attempt(subject_hash=subject_hash, email_hash=email_hash, created_at=now))
    async with room.database.read() as session:
        with_this = await repository.attempts_since(session, subject_hash, now - window)
    _refuse(with_this, _MOST_ATTEMPTS + 1, now, window)


def _refuse(attempts: Sequence[datetime], too_many: int, now: datetime, window: timedelta) -> None:
    if len(attempts) >= too_many:
        free_again = attempts[-_MOST_ATTEMPTS] + window
        raise TooManyLoginAttempts(max(1, ceil((free_again - now).total_seconds())))
