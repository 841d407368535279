"""How long ended jobs are kept, and when somebody is told that a queue is long."""

from __future__ import annotations

from pydantic import Field

from homeport.runtime.config.section import CommaSeparated, Section


class OperateSettings(Section):
    """Retention and alarms."""

    jobs_retention_days: int = Field(7, ge=1, description="Days for which jobs that are done or cancelled are listed.")
    failed_jobs_retention_days: int = Field(30, ge=1, description="Days for which failed jobs can be replayed.")
    enable_datasets_queue_monitor: bool = Field(
        False, description="Mail QUEUE_MONITOR_ALERT_EMAILS when the queue of documents grows long."
    )
    queue_monitor_interval: float = Field(30, gt=0, description="Minutes between looks at the queue of documents.")
    queue_monitor_threshold: int = Field(200, ge=0, description="Waiting documents above which mail is sent.")
    queue_monitor_alert_emails: CommaSeparated = Field((), description="Who is told, separated by commas.")
