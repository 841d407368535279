"""The timetable, collected from every slice."""

from __future__ import annotations

from datetime import timedelta

from homeport.entry.settings import Settings
from homeport.features.chat.clean_messages import CLEAN
from homeport.features.chat.tasks import END_ABANDONED
from homeport.features.files.remove_unkept import REMOVE_UNKEPT
from homeport.features.knowledge.clean_embeddings import CLEAN_EMBEDDINGS
from homeport.features.knowledge.switch_off import CLEAN_UNUSED
from homeport.features.knowledge.tell_owners import MAIL_SWITCHED_OFF
from homeport.features.operate.jobs.retention import REMOVE_ENDED
from homeport.features.operate.jobs.watch_queue import WATCH
from homeport.runtime.tasks.task import NoPayload
from homeport.runtime.tasks.timetable import Daily, Entry, Every, Weekly


def entries(settings: Settings) -> tuple[Entry, ...]:
    """Everything that happens by the clock; what is switched off is listed, too."""
    operate, knowledge = settings.operate, settings.knowledge
    return (
        Entry("remove_unkept_uploads", REMOVE_UNKEPT, NoPayload(), daily(settings, hour=4)),
        Entry("remove_ended_jobs", REMOVE_ENDED, NoPayload(), Every(timedelta(hours=1))),
        Entry("end_abandoned_answers", END_ABANDONED, NoPayload(), Every(timedelta(minutes=5))),
        Entry("clean_messages", CLEAN, NoPayload(), daily(settings, 4), enabled=settings.chat.enable_clean_messages),
        Entry(
            "watch_dataset_queue",
            WATCH,
            NoPayload(),
            Every(timedelta(minutes=operate.queue_monitor_interval)),
            enabled=operate.enable_datasets_queue_monitor,
            missed="skip",  # what is alarming now is seen at the next look
        ),
        Entry(
            "clean_embedding_cache",
            CLEAN_EMBEDDINGS,
            NoPayload(),
            daily(settings, 2),
            enabled=knowledge.enable_clean_embedding_cache_task,
        ),
        Entry(
            "clean_unused_datasets",
            CLEAN_UNUSED,
            NoPayload(),
            daily(settings, 3),
            enabled=knowledge.enable_clean_unused_datasets_task,
        ),
        Entry(
            "mail_switched_off",
            MAIL_SWITCHED_OFF,
            NoPayload(),
            Weekly(0, 10, zone=settings.logging.log_tz),
            enabled=knowledge.enable_mail_clean_document_notify_task,
        ),
    )


def daily(settings: Settings, hour: int) -> Daily:
    """At that hour of LOG_TZ, every CELERY_BEAT_SCHEDULER_TIME days."""
    return Daily(hour, days=settings.celery.celery_beat_scheduler_time, zone=settings.logging.log_tz)
