"""`homeport beat status` as a person and a program read it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import update

from homeport.entry.awaited import awaited
from homeport.entry.cli.beat import command
from homeport.entry.migrate import migrate_once
from homeport.entry.settings import read_settings
from homeport.entry.timetable import entries
from homeport.runtime.config.sources import Sources
from homeport.runtime.db.columns import utc_now
from homeport.runtime.db.database import Database
from homeport.runtime.tasks.duty import BEAT, DutyRota
from homeport.runtime.tasks.tables import Duty, Worker
from tests.support.commands import Place

Ask = Callable[..., str]


@pytest.fixture
def ask(bare_place: Place, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """What the command says about a migrated installation."""
    for name, value in bare_place.variables.items():
        monkeypatch.setenv(name, value)
    settings = read_settings(Sources(bare_place.variables))
    asyncio.run(migrate_once(settings, bare_place.data_dir))

    def ask(*arguments: str) -> str:
        done = CliRunner().invoke(command, ["status", *arguments])
        assert done.exit_code == 0, done.output
        return done.output

    return ask


async def write(place: Place, *rows: Any, silent_for: timedelta | None = None) -> None:
    database = Database(read_settings(Sources(place.variables)).database.url(place.data_dir))
    if silent_for is not None:
        assert await DutyRota(database, BEAT, "host:7:abc").take()
        async with database.begin() as session:
            await session.execute(update(Duty).values(seen_at=utc_now() - silent_for))
    async with database.begin() as session:
        session.add_all(rows)
    await database.close()


def test_without_a_keeper_it_says_what_to_start(ask: Ask) -> None:
    assert ask().startswith("Nobody keeps the timetable: start MODE=beat")
    found = json.loads(ask("--json"))
    assert found["on_duty"] is None
    assert found["kept_by"] == []


def test_it_names_the_beat_on_duty_and_its_last_sign_of_life(ask: Ask, bare_place: Place) -> None:
    asyncio.run(write(bare_place, silent_for=timedelta(seconds=0)))
    assert ask().startswith("On duty: host:7:abc, since ")
    duty = json.loads(ask("--json"))["on_duty"]
    assert (duty["holder"], duty["alive"]) == ("host:7:abc", True)


def test_a_beat_that_is_silent_is_told_as_gone(ask: Ask, bare_place: Place) -> None:
    asyncio.run(write(bare_place, silent_for=timedelta(minutes=5)))
    assert ask().startswith(
        "Nobody keeps the timetable: host:7:abc was on duty and gave its last sign of life 300 s ago"
    )
    assert json.loads(ask("--json"))["on_duty"]["alive"] is False


def test_a_process_that_does_its_own_jobs_is_named_as_keeper(ask: Ask, bare_place: Place) -> None:
    rows = [Worker(name=f"a-{kind}", kind=kind, version="1", queues=["mail"]) for kind in ("up", "worker")]
    asyncio.run(write(bare_place, *rows))
    assert ask().startswith("Kept by a-up, beside other work.")


def test_every_line_of_the_established_timetable_is_there_built_or_not(ask: Ask) -> None:
    found = json.loads(ask("--json"))
    built = [one["name"] for one in found["entries"]]
    late = {one["name"]: one for one in found["not_built"]}
    assert built == [one.name for one in entries(read_settings(Sources({})))]
    assert not set(built) & set(late)
    assert late["check_upgradable_plugins"]["schedule"] == "every 15 minutes"
    assert late["check_upgradable_plugins"]["enabled"] is True
    assert late["clean_workflow_runs"]["enabled"] is False
    assert "poll_workflow_schedules       every minute            waits for workflows\n" in ask()


def test_switches_and_intervals_of_what_is_not_built_are_read() -> None:
    variables = {
        "ENABLE_WORKFLOW_SCHEDULE_POLLER_TASK": "false",
        "WORKFLOW_SCHEDULE_POLLER_INTERVAL": "5",
        "TRIGGER_PROVIDER_REFRESH_INTERVAL": "often",
        "LOG_TZ": "Asia/Tokyo",
    }
    sources = Sources(variables)
    lines = {one.name: one for one in awaited(read_settings(sources), sources)}
    polled = lines["poll_workflow_schedules"]
    assert (polled.enabled, str(polled.schedule)) == (False, "every 5 minutes")
    assert str(lines["refresh_trigger_subscriptions"].schedule) == "every minute", "what is not accepted is the default"
    assert str(lines["clean_workflow_runs"].schedule) == "daily at 00:00 Asia/Tokyo"
