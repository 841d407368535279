"""The lines of the established timetable whose features are not built yet: shown, that none be forgotten; never done.

When a feature comes, its line moves to `timetable.py` and its variables become fields of a `Section`. Only commands
load this: it reads the tables of recognised variables.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from homeport.entry.known_settings import check, known_settings
from homeport.entry.settings import Settings
from homeport.runtime.config.sources import Sources
from homeport.runtime.tasks.queues import Queue
from homeport.runtime.tasks.timetable import Daily, Every, Schedule


@dataclass(frozen=True, slots=True)
class Awaited:
    """One line."""

    name: str
    queue: Queue
    schedule: Schedule
    #: The variable that switches it, and whether that is on.
    switch: str
    enabled: bool
    #: What must be built before it does anything.
    waits_for: str


@dataclass(frozen=True, slots=True)
class _Minutes:
    """A period: so many minutes, or as many as the variable says."""

    count: int | str


@dataclass(frozen=True, slots=True)
class _At:
    """An hour of every day in LOG_TZ."""

    hour: int


#: Name, queue, when, switch, what it waits for.
_LINES: tuple[tuple[str, Queue, _Minutes | _At, str, str], ...] = (
    ("check_upgradable_plugins", Queue.PLUGIN, _Minutes(15),
     "ENABLE_CHECK_UPGRADABLE_PLUGIN_TASK", "plugins"),
    ("poll_workflow_schedules", Queue.SCHEDULE_POLLER, _Minutes("WORKFLOW_SCHEDULE_POLLER_INTERVAL"),
     "ENABLE_WORKFLOW_SCHEDULE_POLLER_TASK", "workflows"),
    ("refresh_trigger_subscriptions", Queue.TRIGGER_REFRESH_EXECUTOR, _Minutes("TRIGGER_PROVIDER_REFRESH_INTERVAL"),
     "ENABLE_TRIGGER_PROVIDER_REFRESH_TASK", "triggers of plugins"),
    ("clean_workflow_runs", Queue.RETENTION, _At(0),
     "ENABLE_WORKFLOW_RUN_CLEANUP_TASK", "workflows"),
    ("clean_workflow_run_logs", Queue.DATASET, _At(2),
     "WORKFLOW_LOG_CLEANUP_ENABLED", "workflows"),
    ("create_tidb_clusters", Queue.DATASET, _Minutes(60),
     "ENABLE_CREATE_TIDB_SERVERLESS_TASK", "serverless TiDB"),
    ("update_tidb_clusters", Queue.DATASET, _Minutes(10),
     "ENABLE_UPDATE_TIDB_SERVERLESS_STATUS_TASK", "serverless TiDB"),
)  # fmt: skip


def awaited(settings: Settings, sources: Sources) -> tuple[Awaited, ...]:
    """All of them, with the switches and intervals as they are set."""
    return tuple(
        Awaited(
            name=name,
            queue=queue,
            schedule=_schedule(when, settings, sources),
            switch=switch,
            enabled=_text(sources, switch).lower() in ("1", "t", "true", "y", "yes", "on"),
            waits_for=waits_for,
        )
        for name, queue, when, switch, waits_for in _LINES
    )


def _schedule(when: _Minutes | _At, settings: Settings, sources: Sources) -> Schedule:
    if isinstance(when, _At):
        return Daily(when.hour, zone=settings.logging.log_tz)
    minutes = when.count if isinstance(when.count, int) else int(_text(sources, when.count))
    return Every(timedelta(minutes=max(minutes, 1)))


def _text(sources: Sources, variable: str) -> str:
    """As it is set; the default where it is not, or is set to what is not accepted."""
    value = sources.get(variable)
    if value is None or check(variable, value.text) is not None:
        return known_settings()[variable].default
    return value.text
