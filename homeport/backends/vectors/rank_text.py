"""BM25 as all drivers compute it, brought to 0..1.

A term weighs `ln(1 + (N - n + 0.5) / (n + 0.5))` in a dataset of N points, n of which have it: never below zero, so
that datasets of two points rank sensibly too. A point that has a term `f` times and is `length` terms long gets of that
weight `f * (K1 + 1) / (f + K1 * (1 - B + B * length / average length))`. The sum over the query's terms is divided by
the most it could be, `(K1 + 1) * sum of weights`: the score says how much of the query a point answers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

K1 = 1.2
B = 0.75

#: A term is too common when more than half of the points have it, and more points than this.
_COMMON = 100
#: Looking at more points than this, term by term from the rarest, changes the order of the best hits little.
_MOST_POINTS = 20_000


def weigh_terms(points: int, having: Mapping[str, int]) -> dict[str, float]:
    """The weights of the terms worth looking at, rarest first; `having`: how many of `points` have each term.

    Terms that nobody has are kept, for they make every answer a partial one.
    """
    limit = max(_COMMON, points // 2)
    rarest_first = sorted(having.items(), key=lambda item: (item[1], item[0]))
    telling = [item for item in rarest_first if item[1] <= limit]
    if not any(number for _, number in telling):
        telling = rarest_first
    weights: dict[str, float] = {}
    looked_at = 0
    for term, number in telling:
        if looked_at and looked_at + number > _MOST_POINTS:
            break
        looked_at += number
        weights[term] = math.log(1 + (points - number + 0.5) / (number + 0.5))
    return weights


def rate_frequency(frequency: int, length: int, average_length: float) -> float:
    """The share of a term's weight, 0 to 1, for a point of `length` terms that has it `frequency` times."""
    return frequency / (frequency + K1 * (1 - B + B * length / average_length))
