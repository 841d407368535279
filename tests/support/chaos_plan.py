"""What is to happen, and when: drawn from a seed, so that a run can be repeated as far as processes can."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class Scale:
    """How much of it."""

    documents: int
    #: During which processes are killed.
    seconds: float
    #: How long a worker that is lost goes unnoticed.
    lease: float


#: For each commit, and for `make chaos`, which leaves leases as they are.
SHORT = Scale(documents=48, seconds=20, lease=10)
LONG = Scale(documents=200, seconds=90, lease=30)


def chosen_scale() -> Scale:
    """The short one, unless HOMEPORT_CHAOS says long."""
    wanted = os.environ.get("HOMEPORT_CHAOS", "short")
    assert wanted in ("short", "long"), f"HOMEPORT_CHAOS is {wanted!r}; accepted are short and long"
    return LONG if wanted == "long" else SHORT


def chosen_seed() -> int:
    """That of HOMEPORT_CHAOS_SEED, or a new one."""
    given = os.environ.get("HOMEPORT_CHAOS_SEED")
    return int(given) if given else secrets.randbelow(1_000_000)


@dataclass(frozen=True, slots=True)
class Blow:
    """One thing that goes wrong."""

    #: Seconds after the beginning.
    at: float
    target: str


def plan_blows(luck: Random, targets: Sequence[str], seconds: float, pauses: tuple[float, float]) -> list[Blow]:
    """Every target in a new random order again and again, with pauses of random length (least, most) between."""
    blows: list[Blow] = []
    at = luck.uniform(*pauses)
    deck: list[str] = []
    while at < seconds:
        if not deck:
            deck = luck.sample(targets, len(targets))
        blows.append(Blow(at, deck.pop()))
        at += luck.uniform(*pauses)
    return blows
