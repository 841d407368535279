"""The timetable, collected from every slice."""

from __future__ import annotations

from datetime import timedelta

from homeport.entry.settings import Settings
from homeport.features.chat.tasks import END_ABANDONED
from homeport.features.operate.jobs.retention import REMOVE_ENDED
from homeport.features.operate.jobs.watch_queue import WATCH
from homeport.runtime.tasks.task import NoPayload
from homeport.runtime.tasks.timetable import Daily, Entry, Every


def entries(settings: Settings) -> tuple[Entry, ...]:
    """Everything that happens by the clock; what is switched off is listed, too."""
    operate = settings.operate
    return (
        Entry("remove_ended_jobs", REMOVE_ENDED, NoPayload(), Every(timedelta(hours=1))),
        Entry("end_abandoned_answers", END_ABANDONED, NoPayload(), Every(timedelta(minutes=5))),
        Entry(
            "watch_dataset_queue",
            WATCH,
            NoPayload(),
            Every(timedelta(minutes=operate.queue_monitor_interval)),
            enabled=operate.enable_datasets_queue_monitor,
            missed="skip",  # what is alarming now is seen at the next look
        ),
    )


def daily(settings: Settings, hour: int) -> Daily:
    """At that hour of LOG_TZ, every CELERY_BEAT_SCHEDULER_TIME days."""
    return Daily(hour, days=settings.celery.celery_beat_scheduler_time, zone=settings.logging.log_tz)
