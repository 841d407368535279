"""What happens by the clock, as the settings have it."""

from __future__ import annotations

from datetime import UTC, datetime

from homeport.entry.settings import read_settings
from homeport.entry.timetable import entries
from homeport.runtime.config.sources import Sources
from homeport.runtime.tasks.timetable import Entry


def entry(name: str, **variables: str) -> Entry:
    [found] = [one for one in entries(read_settings(Sources(variables))) if one.name == name]
    return found


def test_messages_are_deleted_only_where_somebody_has_switched_it_on() -> None:
    assert not entry("clean_messages").enabled
    assert entry("clean_messages", ENABLE_CLEAN_MESSAGES="true").enabled


def test_messages_are_deleted_at_four_in_the_morning_of_the_operator() -> None:
    noon = datetime(2026, 5, 1, 12, tzinfo=UTC)
    assert entry("clean_messages").schedule.next(noon) == datetime(2026, 5, 2, 4, tzinfo=UTC)
    berlin = entry("clean_messages", LOG_TZ="Europe/Berlin")
    assert berlin.schedule.next(noon) == datetime(2026, 5, 2, 2, tzinfo=UTC)
