"""Gaps that drivers declare."""

from __future__ import annotations

import re
from pathlib import Path

from tests.support.vector_setups import SETUPS


def test_every_declared_gap_names_a_test() -> None:
    suites = Path(__file__).parent.glob("test_*.py")
    tests = {name for suite in suites for name in re.findall(r"def (test_\w+)", suite.read_text(encoding="utf-8"))}
    assert {gap for setup in SETUPS for gap in setup.gaps} - tests == set()
