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


def awaited(settings: Settings, sources: Sources) -> tuple[Awaited, ...]:
    """All of them, with the switches and intervals as they are set."""

    zone = settings.logging.log_tz

    def line(name: str, queue: Queue, schedule: Schedule, switch: str, waits_for: str) -> Awaited:
        enabled = _text(sources, switch).lower() in ("1", "t", "true", "y", "yes", "on")
        return Awaited(name, queue, schedule, switch, enabled, waits_for)

    def every(variable: str) -> Every:
        return _every(float(_text(sources, variable)))

    return (
        line(
            "check_upgradable_plugins",
            Queue.PLUGIN,
            _every(15),
            "ENABLE_CHECK_UPGRADABLE_PLUGIN_TASK",
            "plugins",
        ),
        line(
            "poll_workflow_schedules",
            Queue.SCHEDULE_POLLER,
            every("WORKFLOW_SCHEDULE_POLLER_INTERVAL"),
            "ENABLE_WORKFLOW_SCHEDULE_POLLER_TASK",
            "workflows",
        ),
        line(
            "refresh_trigger_subscriptions",
            Queue.TRIGGER_REFRESH_EXECUTOR,
            every("TRIGGER_PROVIDER_REFRESH_INTERVAL"),
            "ENABLE_TRIGGER_PROVIDER_REFRESH_TASK",
            "triggers of plugins",
        ),
        line(
            "clean_workflow_runs",
            Queue.RETENTION,
            Daily(0, zone=zone),
            "ENABLE_WORKFLOW_RUN_CLEANUP_TASK",
            "workflows",
        ),
        line(
            "clean_workflow_run_logs",
            Queue.DATASET,
            Daily(2, zone=zone),
            "WORKFLOW_LOG_CLEANUP_ENABLED",
            "workflows",
        ),
        line(
            "create_tidb_clusters",
            Queue.DATASET,
            _every(60),
            "ENABLE_CREATE_TIDB_SERVERLESS_TASK",
            "serverless TiDB",
        ),
        line(
            "update_tidb_clusters",
            Queue.DATASET,
            _every(10),
            "ENABLE_UPDATE_TIDB_SERVERLESS_STATUS_TASK",
            "serverless TiDB",
        ),
    )


def _every(minutes: float) -> Every:
    return Every(timedelta(minutes=minutes))


def _text(sources: Sources, variable: str) -> str:
    """As it is set; the default where it is not, or is set to what is not accepted."""
    value = sources.get(variable)
    if value is None or check(variable, value.text) is not None:
        return known_settings()[variable].default
    return value.text
