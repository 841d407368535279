"""What goes over the wire about jobs, queues and workers. Payloads never do: they may hold what users wrote."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from homeport.features.identity.schemas import UnixSeconds
from homeport.features.operate.jobs.change_jobs import BATCH
from homeport.features.operate.jobs.find_jobs import LARGEST_PAGE, JobFilter
from homeport.features.operate.jobs.switch_queue import known_queue
from homeport.runtime.http.body import RequestBody
from homeport.runtime.tasks.tables import JobState

_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
_Limit = Annotated[int, Field(ge=1, le=1_000_000)]
_END_OF_TIME = 253402300799


class JobChoice(RequestBody):
    """Which jobs: every part that is given must hold, and of several queues or states one."""

    # A misspelt part must not choose every job there is.
    model_config = ConfigDict(extra="forbid")

    queue: list[str] = Field([], max_length=100)
    state: list[JobState] = Field([], max_length=10)
    task: _Text | None = None
    workspace_id: UUID | None = None
    subject_id: UUID | None = Field(None, description="What the job is about, such as a document.")
    since: int | None = Field(None, ge=0, le=_END_OF_TIME, description="Made at or after this time, unix seconds.")
    error: _Text | None = Field(None, description="A part of the error.")

    def as_filter(self) -> JobFilter:
        """For the verbs. Raises `QueueUnknown`."""
        return JobFilter(
            queues=tuple(known_queue(queue) for queue in self.queue),
            states=tuple(self.state),
            task=self.task,
            workspace_id=_text(self.workspace_id),
            subject_id=_text(self.subject_id),
            since=None if self.since is None else datetime.fromtimestamp(self.since, UTC),
            error=self.error,
        )


class JobQuery(JobChoice):
    """A page of those jobs."""

    limit: int = Field(50, ge=1, le=LARGEST_PAGE)
    before: UUID | None = Field(None, description="The id of the last job of the page before.")


class Retry(RequestBody):
    """Jobs by id."""

    ids: list[UUID] = Field(min_length=1, max_length=BATCH)


class Replay(RequestBody):
    """Jobs by what is known of them."""

    model_config = ConfigDict(extra="forbid")

    filter: JobChoice = Field(default_factory=JobChoice)
    after: UUID | None = Field(None, description="Only younger jobs than this one: `last` of the call before.")


class Cancel(RequestBody):
    """Jobs by id, by what is known of them, or both."""

    model_config = ConfigDict(extra="forbid")

    ids: list[UUID] = Field([], max_length=BATCH)
    filter: JobChoice = Field(default_factory=JobChoice)


class Changed(BaseModel):
    """How many jobs were changed; with `has_more` the same call changes more of them."""

    changed: int
    has_more: bool


class Replayed(Changed):
    """With `has_more`, the call goes on with `last`, the id of the last of these jobs, as `after`."""

    last: str | None


class Limits(RequestBody):
    """Limits of a queue over the whole installation; null takes one away, and what is not named stays."""

    model_config = ConfigDict(extra="forbid")

    at_once: _Limit | None = Field(None, description="Jobs that run at the same time.")
    per_workspace: _Limit | None = Field(None, description="The same for the jobs of one workspace.")
    per_minute: _Limit | None = Field(None, description="Jobs that begin within a minute.")


class _Shown(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class JobEntry(_Shown):
    """A job, and in `reason` why it stands where it stands."""

    id: str
    queue: str
    task: str
    state: JobState
    reason: str
    workspace_id: str | None
    subject_id: str | None
    attempt: int
    max_attempts: int
    done: int
    total: int
    worker: str | None
    last_error: str | None
    created_at: UnixSeconds
    run_at: UnixSeconds
    started_at: UnixSeconds | None
    finished_at: UnixSeconds | None


class JobEntries(BaseModel):
    """A page of jobs, the newest first."""

    data: list[JobEntry]
    has_more: bool


class QueueEntry(_Shown):
    """A queue: what is in it, who reads it, what is set for it."""

    queue: str
    waiting: int
    scheduled: int
    running: int
    abandoned: int
    failed: int
    oldest_seconds: float
    done_last_hour: int
    paused_at: UnixSeconds | None
    paused_by: str | None
    at_once: int | None
    per_workspace: int | None
    per_minute: int | None
    workers: int


class WorkerEntry(_Shown):
    """A process that does jobs; `memory` in bytes."""

    name: str
    kind: str
    version: str
    alive: bool
    queues: list[str]
    running: int
    memory: int | None
    started_at: UnixSeconds
    seen_at: UnixSeconds


class Overview(_Shown):
    """All queues and workers; `succeeded` and `failed`: ends in each of the last 60 minutes, the oldest first."""

    queues: list[QueueEntry]
    workers: list[WorkerEntry]
    succeeded: list[int]
    failed: list[int]
    at: UnixSeconds


def _text(one: UUID | None) -> str | None:
    return None if one is None else str(one)
