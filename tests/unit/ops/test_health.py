"""Readiness answers in bounded time, asks rarely, and says what is wrong in sentences."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import httpx
import pytest

from homeport.entry.api import make_app
from homeport.entry.settings import read_settings
from homeport.runtime.config.sources import Sources
from homeport.runtime.errors import Unavailable
from homeport.runtime.ops.health import Check, Checks


class Thing:
    """Something a process needs, which counts how often it is looked at."""

    def __init__(self, answer: str | Exception | None = None) -> None:
        self.answer = answer
        self.looks = 0
        self.looked_at = asyncio.Event()
        self.open = asyncio.Event()
        self.open.set()

    async def fault(self) -> str | None:
        self.looks += 1
        self.looked_at.set()
        await self.open.wait()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


async def test_all_is_well_when_no_check_finds_a_fault() -> None:
    checks = Checks([Check("one", Thing().fault), Check("two", Thing().fault)])
    assert await checks.faults() == {"one": None, "two": None}


async def test_a_fault_is_told_in_the_words_of_the_check() -> None:
    checks = Checks([Check("one", Thing("The disk is full.").fault)])
    checks.add(Check("two", Thing(Unavailable("Redis does not answer.")).fault))
    assert await checks.faults() == {"one": "The disk is full.", "two": "Redis does not answer."}


async def test_a_check_that_raises_is_a_fault_whose_details_stay_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        found = await Checks([Check("one", Thing(RuntimeError("password=hunter2")).fault)]).faults()
    assert found == {"one": "The check failed with RuntimeError; see the log."}


async def test_a_thing_that_hangs_is_a_fault_and_the_others_are_still_told() -> None:
    stuck, fine = Thing(), Thing("The disk is full.")
    stuck.open.clear()
    checks = Checks([Check("stuck", stuck.fault), Check("fine", fine.fault)], patience=0.05, fresh=0)
    assert await checks.faults() == {"stuck": "No answer within 0.05 s.", "fine": "The disk is full."}
    stuck.open.set()
    assert (await checks.faults())["stuck"] is None


async def test_a_thing_that_cannot_be_interrupted_is_not_asked_twice_at_a_time() -> None:
    asked: list[asyncio.Future[str | None]] = []
    release = asyncio.Event()

    async def stubborn() -> str | None:
        asked.append(asyncio.get_running_loop().create_future())
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue
        return None

    checks = Checks([Check("stubborn", stubborn)], patience=0.02, fresh=0)
    for _ in range(3):
        assert await checks.faults() == {"stubborn": "No answer within 0.02 s."}
    assert len(asked) == 1
    release.set()
    await checks.close()


async def test_many_probes_at_a_time_cost_one_look() -> None:
    thing = Thing()
    checks = Checks([Check("one", thing.fault)], fresh=3600)
    await asyncio.gather(*(checks.faults() for _ in range(50)))
    await checks.faults()
    assert thing.looks == 1
    checks.forget()
    await checks.faults()
    assert thing.looks == 2


async def test_a_probe_that_goes_away_does_not_stop_the_look_of_another() -> None:
    thing = Thing()
    thing.open.clear()
    checks = Checks([Check("one", thing.fault)])
    first, second = asyncio.create_task(checks.faults()), asyncio.create_task(checks.faults())
    await thing.looked_at.wait()
    first.cancel()
    thing.open.set()
    assert await second == {"one": None}


async def test_a_process_that_has_not_opened_its_house_is_alive_but_neither_started_nor_ready(tmp_path: Path) -> None:
    settings = read_settings(Sources({"HOMEPORT_DATA_DIR": str(tmp_path), "COMMIT_SHA": "1234abc"}))
    app = make_app(settings, tmp_path)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://homeport.test") as client:
        alive = await client.get("/health/live")
        assert (alive.status_code, alive.json()["commit"]) == (200, "1234abc")
        for path in ("/health/startup", "/health/ready"):
            answer = await client.get(path)
            assert (answer.status_code, answer.json()) == (503, {"status": "starting"}), path
