"""The queues, by their established names."""

from __future__ import annotations

from enum import StrEnum


class Queue(StrEnum):
    """Where a job waits. Operators scale, watch and pause by these names."""

    PRIORITY_DATASET = "priority_dataset"
    DATASET = "dataset"
    PRIORITY_PIPELINE = "priority_pipeline"
    PIPELINE = "pipeline"
    WORKFLOW = "workflow"
    MAIL = "mail"
    PLUGIN = "plugin"
    APP_DELETION = "app_deletion"
    OPS_TRACE = "ops_trace"
    CONVERSATION = "conversation"
    WORKFLOW_STORAGE = "workflow_storage"
    SCHEDULE_POLLER = "schedule_poller"
    SCHEDULE_EXECUTOR = "schedule_executor"
    TRIGGERED_WORKFLOW_DISPATCHER = "triggered_workflow_dispatcher"
    TRIGGER_REFRESH_EXECUTOR = "trigger_refresh_executor"
    RETENTION = "retention"
