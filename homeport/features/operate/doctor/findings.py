"""What a check found, and how many checks are run together."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import structlog

from homeport.runtime.errors import HomeportError

log = structlog.get_logger(__name__)

State = Literal["ok", "warning", "problem", "skipped"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at, in sentences without secrets."""

    state: State
    #: What was done and how it went; for a problem, what is wrong.
    said: str
    #: Why it matters or where it comes from; may be empty.
    cause: str = ""
    #: What to do about it; may be empty.
    fix: str = ""
    #: The check it belongs to, and how many seconds that took: filled in by `run_checks`.
    check: str = ""
    seconds: float = 0.0


Check = Callable[[], Awaitable[list[Finding]]]


def ok(said: str) -> Finding:
    """All is well."""
    return Finding("ok", said)


def skipped(said: str) -> Finding:
    """Not configured, so nothing was done."""
    return Finding("skipped", said)


def warning(said: str, *, cause: str = "", fix: str = "") -> Finding:
    """It works, but not as it should."""
    return Finding("warning", said, cause, fix)


def problem(said: str, *, cause: str = "", fix: str = "") -> Finding:
    """It does not work."""
    return Finding("problem", said, cause, fix)


async def run_checks(checks: Mapping[str, Check], seconds: float) -> AsyncGenerator[Finding]:
    """Run all at once and give their findings in the order of `checks`; each check may take `seconds`."""
    running = {name: asyncio.create_task(_run(name, check, seconds)) for name, check in checks.items()}
    try:
        for task in running.values():
            for finding in await task:
                yield finding
    finally:
        for task in running.values():
            task.cancel()
        await asyncio.gather(*running.values(), return_exceptions=True)


async def _run(name: str, check: Check, seconds: float) -> list[Finding]:
    began = time.perf_counter()
    try:
        async with asyncio.timeout(seconds):
            found = await check()
    except TimeoutError:
        found = [
            problem(f"There was no answer within {seconds:g} s.", fix="Look whether it runs and is not overloaded.")
        ]
    except HomeportError as error:
        found = [problem(error.message, fix=error.hint or "")]
    except Exception as error:  # the edge: one broken check must not hide what the others found
        log.exception("a check broke", check=name)
        reason = (str(error) or type(error).__name__).splitlines()[0]
        found = [problem(f"The check itself broke: {type(error).__name__}: {reason}.", fix="Please report this.")]
    taken = time.perf_counter() - began
    return [replace(finding, check=name, seconds=round(taken, 3)) for finding in found]
