"""How long a backend is waited for, and how often it is asked again."""

from __future__ import annotations

import asyncio

import pytest

from homeport.runtime.drivers.patience import Patience
from homeport.runtime.errors import HomeportError, InvalidInput, Unavailable


class _Later(Unavailable):
    """Come again."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.retry_after = seconds


def _too_slow() -> HomeportError:
    return Unavailable("too slow")


def test_pauses_grow_up_to_the_longest_and_spread() -> None:
    patience = Patience(attempts=100, first_pause=1, longest_pause=5)
    for failures, full in zip((1, 2, 3, 4, 60), (1, 2, 4, 5, 5), strict=True):
        pauses = [patience.pause(failures, Unavailable()) or 0 for _ in range(200)]
        assert full / 2 <= min(pauses)
        assert max(pauses) <= full
        assert len(set(pauses)) > 100


@pytest.mark.parametrize(
    ("error", "failures"),
    [(InvalidInput(), 1), (Unavailable(), 3), (_Later(60), 1)],
    ids=["final", "spent", "too long"],
)
def test_nobody_waits_where_it_is_of_no_use(error: HomeportError, failures: int) -> None:
    assert Patience(attempts=3, longest_pause=5).pause(failures, error) is None


def test_what_the_other_side_asks_for_counts_more() -> None:
    pause = Patience(first_pause=0.1, longest_pause=5).pause(1, _Later(4))
    assert pause == 4


async def test_a_passing_fault_is_repeated_until_it_has_passed() -> None:
    calls = []

    async def call() -> str:
        calls.append(1)
        if len(calls) < 3:
            raise Unavailable
        return "done"

    assert await Patience(first_pause=0.001).repeat(call, _too_slow) == "done"


async def test_silence_is_the_familys_own_error() -> None:
    with pytest.raises(Unavailable, match="too slow"):
        await Patience(timeout=0.01).in_time(asyncio.Event().wait(), _too_slow)


async def test_a_timeout_of_the_callers_own_stays_one() -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await Patience(timeout=60).in_time(asyncio.Event().wait(), _too_slow)
