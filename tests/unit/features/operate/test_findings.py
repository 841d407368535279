"""Checks run together; one that hangs or breaks hides no other."""

from __future__ import annotations

import asyncio

import pytest

from homeport.features.operate.doctor.check_clock import judge_clock
from homeport.features.operate.doctor.findings import Check, Finding, ok, run_checks
from homeport.runtime.errors import HomeportError


async def _hang() -> list[Finding]:
    await asyncio.Event().wait()
    return []


async def _break() -> list[Finding]:
    raise KeyError("gone")


async def _refuse() -> list[Finding]:
    raise HomeportError("The door is closed.", hint="Open it.")


async def _well() -> list[Finding]:
    return [ok("All is well.")]


async def _examine(**checks: Check) -> list[Finding]:
    return [finding async for finding in run_checks(checks, 0.2)]


async def test_findings_come_in_order_each_with_its_check() -> None:
    found = await _examine(a=_hang, b=_refuse, c=_well)
    assert [(one.check, one.state) for one in found] == [("a", "problem"), ("b", "problem"), ("c", "ok")]


async def test_a_check_that_hangs_is_a_problem_after_its_time() -> None:
    [found] = await _examine(a=_hang)
    assert found.said == "There was no answer within 0.2 s."


async def test_a_sentence_and_its_hint_become_problem_and_remedy() -> None:
    [found] = await _examine(a=_refuse)
    assert (found.said, found.fix) == ("The door is closed.", "Open it.")


async def test_a_check_that_breaks_is_said_without_a_traceback() -> None:
    [found] = await _examine(a=_break)
    assert found.state == "problem"
    assert "KeyError" in found.said
    assert "\n" not in found.said


@pytest.mark.parametrize(
    ("ahead", "uncertain", "state"),
    [(0.0, 0.1, "ok"), (-3.0, 0.5, "warning"), (3.0, 2.0, "ok"), (11.0, 0.5, "problem"), (-60.0, 1.0, "problem")],
)
def test_clocks_may_differ_a_little(ahead: float, uncertain: float, state: str) -> None:
    assert judge_clock("the database", ahead, uncertain=uncertain).state == state
