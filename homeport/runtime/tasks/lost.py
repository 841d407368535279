"""What becomes of a job whose worker was lost: it is done again, and one that may be the cause is kept apart.

A process that dies takes all its jobs along, and seldom by their fault. So a lost attempt is given back until a job has
made ten: then it is given up. One that may be tried only once gets none back.

A job that kills its process takes those beside it along, attempt by attempt. So one that was lost twice waits a while,
and is then a suspect: no two of them run in one process at a time. Those that did no harm get through.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

from homeport.runtime.tasks.tables import JobState

#: How many attempts a job may come to by those that were given back.
MOST = 10
#: From this attempt on a job that was lost is a suspect.
SUSPECT = 3
#: How long a suspect stands back for another: seconds, at least and at most.
STAND_BACK = (1.0, 3.0)
_LOST = "The worker "
_MARK = " was lost in attempt "


def sentence(worker: str | None, attempt: int, most: int, lease_ended: datetime | None) -> str:
    """Why; `lease_ended` is None where the process is known to have ended."""
    how = f"its lease ended {lease_ended:%Y-%m-%d %H:%M:%S} UTC" if lease_ended else "its process ended"
    return f"{_LOST}{worker}{_MARK}{attempt} of {most}; {how}."


def is_lost(last_error: str | None) -> bool:
    """Whether this is the sentence of a lost worker."""
    return last_error is not None and last_error.startswith(_LOST) and _MARK in last_error


def queued_again(row: Any, now: datetime, turn: int | None, *, ended: bool = False) -> dict[str, Any]:
    """Values for the row of a lost job, by id; `turn`: its place when it need not wait; `ended`: see `sentence`.

    `row` has id, attempt, max_attempts, leased_by and lease_until. A job without an attempt left need not wait: it
    only has to be given up.
    """
    most = row.max_attempts + 1 if 1 < row.max_attempts < MOST else row.max_attempts
    waits = row.attempt + 1 >= SUSPECT and row.attempt < most
    run_at = now + timedelta(seconds=random.uniform(1, 2 ** min(row.attempt, 6))) if waits else now  # noqa: S311
    return {
        "id": row.id,
        "state": JobState.QUEUED,
        "turn": None if waits else turn,
        "run_at": run_at,
        "hint_at": run_at,
        "leased_by": None,
        "lease_until": None,
        "max_attempts": most,
        "last_error": sentence(row.leased_by, row.attempt, most, None if ended else row.lease_until),
    }
