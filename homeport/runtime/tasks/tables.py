"""The job row: the truth about every piece of background work."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, Index, String, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from homeport.runtime.db.columns import JsonColumn, LongText, utc_now
from homeport.runtime.db.tables import Table


class JobState(StrEnum):
    """Where a job stands. The last three are final."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Job(Table):
    """One piece of work, written in the transaction that causes it; a broker carries only its id."""

    __tablename__ = "jobs"
    __table_args__ = (
        Index("ix_jobs_state_hint_at", "state", "hint_at"),
        Index("uq_jobs_unique_key", "unique_key", unique=True),
        Index("ix_jobs_subject", "subject_id"),
        Index("ix_jobs_finished_at", "finished_at"),
        # Both end in a column that only waiting jobs have: what is not null lies together, however many rows there are.
        Index("ix_jobs_line", "queue", "turn"),
        Index("ix_jobs_lane", "queue", "workspace_id", "turn"),
    )

    queue: Mapped[str] = mapped_column(String(40))
    task: Mapped[str] = mapped_column(String(100))
    payload: Mapped[dict[str, Any]] = mapped_column(JsonColumn)
    state: Mapped[str] = mapped_column(String(16), default=JobState.QUEUED)
    workspace_id: Mapped[str | None] = mapped_column(Uuid(as_uuid=False))
    #: What the job is about (a document, an app): lets a slice find and cancel its jobs.
    subject_id: Mapped[str | None] = mapped_column(Uuid(as_uuid=False))
    #: At most one unfinished job has this key; a finished one gives it up.
    unique_key: Mapped[str | None] = mapped_column(String(200))
    attempt: Mapped[int] = mapped_column(default=0)
    max_attempts: Mapped[int] = mapped_column(default=5)
    run_at: Mapped[datetime] = mapped_column(default=utc_now)
    #: Its place in the line of its queue while it waits and is due, else None; see `line.py`.
    turn: Mapped[int | None] = mapped_column(BigInteger)
    #: From when on the sweep sends a hint: the first for a later job, another where one seems lost.
    hint_at: Mapped[datetime] = mapped_column(default=utc_now)
    leased_by: Mapped[str | None] = mapped_column(String(100))
    lease_until: Mapped[datetime | None]
    cancel_requested: Mapped[bool] = mapped_column(default=False)
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str | None] = mapped_column(LongText)
    #: The W3C trace context of the request that caused the job; None when that was not traced.
    traceparent: Mapped[str | None] = mapped_column(String(55))
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class QueueSwitch(Table):
    """What an operator has set for a queue; a queue without a row runs freely."""

    __tablename__ = "queue_switches"
    __table_args__ = (Index("uq_queue_switches_queue", "queue", unique=True),)

    queue: Mapped[str] = mapped_column(String(40))
    paused_at: Mapped[datetime | None]
    paused_by: Mapped[str | None] = mapped_column(String(255))
    at_once: Mapped[int | None]
    per_workspace: Mapped[int | None]
    per_minute: Mapped[int | None]
    next_at: Mapped[datetime | None]
    updated_at: Mapped[datetime] = mapped_column(default=utc_now, onupdate=utc_now)


class Worker(Table):
    """A process that does jobs, as it last said of itself. The row goes with the process, or after a long silence."""

    __tablename__ = "workers"
    __table_args__ = (Index("uq_workers_name", "name", unique=True), Index("ix_workers_seen_at", "seen_at"))

    #: `host:process:random`, as in `Job.leased_by`.
    name: Mapped[str] = mapped_column(String(100))
    #: up, api or worker.
    kind: Mapped[str] = mapped_column(String(16))
    version: Mapped[str] = mapped_column(String(40))
    queues: Mapped[list[str]]
    running: Mapped[int] = mapped_column(default=0)
    #: Resident memory of the process, in bytes.
    memory: Mapped[int | None] = mapped_column(BigInteger)
    started_at: Mapped[datetime] = mapped_column(default=utc_now)
    seen_at: Mapped[datetime] = mapped_column(default=utc_now)


class BeatEntry(Table):
    """How far an entry of the timetable has been dealt with."""

    __tablename__ = "beat_entries"
    __table_args__ = (Index("uq_beat_entries_name", "name", unique=True),)

    name: Mapped[str] = mapped_column(String(100))
    last_due_at: Mapped[datetime]
    last_job_id: Mapped[str | None] = mapped_column(Uuid(as_uuid=False))


class Duty(Table):
    """Which process is on duty; see `duty.py`."""

    __tablename__ = "duties"
    __table_args__ = (Index("uq_duties_name", "name", unique=True),)

    name: Mapped[str] = mapped_column(String(40))
    #: `host:process:random`; None when the last one has left.
    holder: Mapped[str | None] = mapped_column(String(100))
    since: Mapped[datetime | None]
    #: Counts up with every sign of life.
    moves: Mapped[int] = mapped_column(BigInteger, default=0)
    seen_at: Mapped[datetime] = mapped_column(default=utc_now)
