"""How the log is written, and where."""

from __future__ import annotations

import logging
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator

from homeport.runtime.config.section import Section


class LoggingSettings(Section):
    """Level, form, and an optional file."""

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = Field(
        "INFO", description="Lowest level that is logged."
    )
    log_output_format: Literal["text", "json"] | None = Field(
        None, description="text or json lines; unset means text on a terminal and json anywhere else."
    )
    log_format: str | None = Field(
        None,
        description="Pattern of a text line in Python's %(name)s style; knows req_id, job_id, trace_id, span_id.",
    )
    log_dateformat: str | None = Field(None, description="Pattern of the time in text lines, as strftime has it.")
    log_tz: str = Field("UTC", description="Time zone of the times in the log, such as Europe/Paris.")
    log_file: str | None = Field(None, description="A file to write the log to as well.")
    log_file_max_size: int = Field(20, gt=0, description="Megabytes after which the file is rotated.")
    log_file_backup_count: int = Field(5, gt=0, description="Rotated files that are kept.")
    enable_request_logging: bool = Field(
        False, description="Log the bodies of requests and answers; secrets are masked, what people write is not."
    )
    access_log_enabled: bool = Field(False, description="Log one line per request: method, path, status, seconds.")

    @field_validator("log_level", mode="before")
    @classmethod
    def _in_capitals(cls, level: object) -> object:
        return level.upper() if isinstance(level, str) else level

    @field_validator("log_format")
    @classmethod
    def _pattern(cls, pattern: str | None) -> str | None:
        if pattern is not None:
            try:
                logging.Formatter(pattern)
            except ValueError as error:
                raise ValueError(f"accepted is a pattern in Python's %(name)s style ({error})") from None
        return pattern

    @field_validator("log_tz")
    @classmethod
    def _time_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (OSError, ValueError, KeyError):
            raise ValueError("accepted is the name of a time zone, such as UTC or Europe/Paris") from None
        return name
