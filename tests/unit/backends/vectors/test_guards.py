# ruff: noqa: ARG002, A002 - a driver takes what the port gives it
from __future__ import annotations

import asyncio
from array import array
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace

import pytest

from homeport.backends.vectors.drivers.memory.driver import MemoryVectors
from homeport.backends.vectors.errors import Conflict, Misconfigured, RateLimited, Unavailable, Unsupported
from homeport.backends.vectors.guards import GuardedVectors
from homeport.backends.vectors.port import Filter, Hit, Point, VectorStore
from homeport.runtime.drivers.patience import Patience

QUICK = Patience(timeout=5, attempts=3, first_pause=0.001, longest_pause=0.002)
POINT = Point("a", "kb", "d", "text", [1.0, 0.0])


class TroubledVectors(MemoryVectors):
    """The memory driver, which first fails with the given errors, one a call."""

    def __init__(self, *troubles: Exception, hang: bool = False) -> None:
        super().__init__()
        self._troubles = list(troubles)
        self._hang = hang
        self.calls = 0
        self.given: list[Point] = []
        self.streams_closed = 0

    async def add_texts(self, points: Sequence[Point]) -> None:
        await self._call()
        self.given += points

    async def search_by_vector(
        self,
        dataset_id: str,
        vector: Sequence[float],
        top_k: int,
        score_threshold: float | None = None,
        filter: Filter | None = None,
    ) -> list[Hit]:
        await self._call()
        return [Hit("a", "d", 0.5, "text", {})]

    async def points(self, dataset_id: str) -> AsyncGenerator[Point]:
        try:
            yield POINT
            await self._call()
            yield POINT
        finally:
            self.streams_closed += 1

    async def _call(self) -> None:
        self.calls += 1
        if self._hang:
            await asyncio.Event().wait()
        if self._troubles:
            raise self._troubles.pop(0)


def _guarded(driver: VectorStore, patience: Patience = QUICK) -> GuardedVectors:
    return GuardedVectors(driver, "troubled", patience)


async def test_what_fails_for_a_passing_reason_is_tried_again() -> None:
    driver = TroubledVectors(Unavailable(), RateLimited())
    await _guarded(driver).add_texts([POINT])
    assert driver.calls == 3
    assert [point.id for point in driver.given] == ["a"]


async def test_it_gives_up_after_the_last_attempt_with_the_drivers_error() -> None:
    driver = TroubledVectors(*[Unavailable("down")] * 3)
    with pytest.raises(Unavailable, match="down"):
        await _guarded(driver).add_texts([POINT])
    assert driver.calls == 3


@pytest.mark.parametrize("error", [Misconfigured("wrong"), Conflict("there"), ValueError("a bug")])
async def test_what_will_fail_again_is_not_tried_again(error: Exception) -> None:
    driver = TroubledVectors(error)
    with pytest.raises(type(error), match=str(error)):
        await _guarded(driver).search_by_vector("kb", [1.0], 1)
    assert driver.calls == 1


async def test_a_call_that_takes_too_long_is_unavailable() -> None:
    driver = TroubledVectors(hang=True)
    with pytest.raises(Unavailable, match=r"troubled did not answer within 0\.01 seconds"):
        await _guarded(driver, replace(QUICK, timeout=0.01, attempts=2)).search_by_vector("kb", [1.0], 1)
    assert driver.calls == 2


async def test_a_stream_is_closed_and_not_begun_again() -> None:
    driver = TroubledVectors(Unavailable("broken"))
    points = _guarded(driver).points("kb")
    assert await anext(points) == POINT
    with pytest.raises(Unavailable, match="broken"):
        await anext(points)
    assert driver.streams_closed == 1


async def test_a_store_without_full_text_says_so() -> None:
    driver = TroubledVectors()
    driver.capabilities = replace(driver.capabilities, full_text=False)
    with pytest.raises(Unsupported, match="troubled cannot search by words"):
        await _guarded(driver).search_by_full_text("kb", "x", 1)


async def test_the_threshold_holds_where_the_driver_cannot() -> None:
    guarded = _guarded(TroubledVectors())
    assert await guarded.search_by_vector("kb", [1.0], 1, score_threshold=0.6) == []
    assert len(await guarded.search_by_vector("kb", [1.0], 1, score_threshold=0.5)) == 1


async def test_drivers_get_packed_vectors_and_no_call_without_points() -> None:
    driver = TroubledVectors()
    guarded = _guarded(driver)
    await guarded.add_texts([])
    assert driver.calls == 0
    await guarded.add_texts([replace(POINT, vector=(1, 0.1))])
    assert driver.given[0].vector == array("f", [1.0, 0.1])
