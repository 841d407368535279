"""How many child processes, how long they live, what they may use."""

from __future__ import annotations

from pydantic import Field

from homeport.runtime.config.section import Section


class OffloadSettings(Section):
    """Limits of the child processes that parse files."""

    offload_max_processes: int = Field(
        0, ge=0, le=256, description="child processes for CPU work at once; 0 is one per core"
    )
    offload_memory_limit_mb: int = Field(
        1024, ge=64, description="megabytes of memory one child process may use before its work is refused"
    )
    offload_timeout_seconds: float = Field(
        120, gt=0, description="seconds one piece of CPU work may take before it is stopped"
    )
    offload_idle_seconds: float = Field(
        30, gt=0, description="seconds after which a child process without work ends and frees its memory"
    )
    offload_calls_per_process: int = Field(
        200, ge=1, description="pieces of work after which a child process is replaced by a new one"
    )
