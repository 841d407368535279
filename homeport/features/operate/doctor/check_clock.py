"""The clocks of this machine and of the servers agree: sessions and links are moments in time."""

from __future__ import annotations

import time

from sqlalchemy import text

from homeport.features.operate.doctor.findings import Finding, ok, problem, skipped, warning
from homeport.runtime.db.clock import NOW
from homeport.runtime.db.database import Database

_TOLERABLE = 2.0
_HARMFUL = 10.0
_CAUSE = "Sessions and links end early or late by that much. Jobs keep to the clock of the database."


async def check_clock(database: Database) -> list[Finding]:
    """The database's clock against ours."""
    statement = NOW.get(database.kind)
    if statement is None:
        return [skipped("The database is a file: there is one clock.")]
    async with database.read() as session:
        before = time.time()
        theirs = float((await session.execute(text(statement))).scalar_one())
        after = time.time()
    return [judge_clock("the database", theirs - (before + after) / 2, uncertain=(after - before) / 2)]


def judge_clock(whose: str, ahead: float, *, uncertain: float = 0.0) -> Finding:
    """What a difference of `ahead` seconds means, known up to `uncertain` seconds."""
    least = max(abs(ahead) - uncertain, 0.0)
    said = f"The clock of {whose} is {abs(ahead):.1f} s {'ahead of' if ahead > 0 else 'behind'} ours."
    fix = "Let both machines follow a time server (chrony, systemd-timesyncd)."
    if least > _HARMFUL:
        return problem(said, cause=_CAUSE, fix=fix)
    if least > _TOLERABLE:
        return warning(
            said,
            cause=_CAUSE,
            fix=fix,
        )
    return ok(f"The clock of {whose} agrees with ours.")
