"""What a driver cannot do, said so that the contract suite fails on the day it can.

A driver's setup declares `gaps: Mapping[str, Gap]`, keyed by the name of the test function. In the suite's conftest:

    def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
        mark_gaps(items, "setup")

where `setup` is the parameter that carries the driver's setup. Each gap becomes a strict xfail with its exact
exception: another exception fails, and so does a gap that has closed.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import ModuleType
from typing import Protocol

import pytest


class Kind(StrEnum):
    """Who would have to close the gap."""

    #: We could, and have not yet.
    COULD = "could"
    #: The store or its SDK must.
    UPSTREAM = "upstream"
    #: Nobody: it is the nature of the store.
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Gap:
    """One promise of the port that one driver does not keep."""

    kind: Kind
    #: Exactly this (or a subclass) must be raised.
    raises: type[BaseException]
    reason: str


class HasGaps(Protocol):
    """The setup of a driver: how to make it, and what it cannot do."""

    @property
    def name(self) -> str:
        """The driver's."""
        ...

    @property
    def gaps(self) -> Mapping[str, Gap]:
        """What it cannot do, by the name of the test function."""
        ...


def mark_gaps(items: Iterable[pytest.Item], parameter: str) -> None:
    """Turn the gaps declared by the setup in `parameter` into strict xfails; other items stay as they are."""
    for item in items:
        if not isinstance(item, pytest.Function) or not hasattr(item, "callspec"):
            continue
        setup = item.callspec.params.get(parameter)
        gap = getattr(setup, "gaps", {}).get(item.originalname)
        if gap is not None:
            item.add_marker(pytest.mark.xfail(raises=gap.raises, reason=f"{gap.kind}: {gap.reason}", strict=True))


def unknown_gaps(setups: Iterable[HasGaps], *suites: ModuleType) -> list[str]:
    """Gaps that name no test of `suites`, as `driver: test`; a suite asserts that there are none."""
    tests = {name for suite in suites for name, _ in inspect.getmembers(suite, inspect.isfunction)}
    return [f"{setup.name}: {test}" for setup in setups for test in setup.gaps if test not in tests]
