"""How a log line looks: time stamps in the chosen zone, and text lines after an operator's own pattern."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import MutableMapping
from typing import Any
from zoneinfo import ZoneInfo

from structlog.typing import WrappedLogger

# The names an operator's pattern may use, beside those of every log record.
_IDS = {"req_id": "request_id", "job_id": "job_id", "trace_id": "trace_id", "span_id": "span_id"}
_SHOWN_BY_PATTERN = {"event", "level", "logger", "timestamp", "exception", "stack", *_IDS.values()}


class Stamp:
    """A structlog processor that adds the time: ISO 8601 with milliseconds, or after `pattern`."""

    def __init__(self, zone: str, pattern: str | None) -> None:
        self._zone = ZoneInfo(zone)
        self._pattern = pattern

    def __call__(
        self, _logger: WrappedLogger, _method: str, line: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        """Stamp `line` with the moment it was logged."""
        record = line.get("_record")
        moment = (
            dt.datetime.now(self._zone) if record is None else dt.datetime.fromtimestamp(record.created, self._zone)
        )
        line["timestamp"] = moment.strftime(self._pattern) if self._pattern else _iso(moment)
        return line


class Pattern:
    """A structlog renderer that writes lines after the pattern of LOG_FORMAT."""

    def __init__(self, pattern: str) -> None:
        self._formatter = _Stamped(pattern, defaults=dict.fromkeys(_IDS, ""))

    def __call__(self, _logger: WrappedLogger, _method: str, line: MutableMapping[str, Any]) -> str:
        """Render `line`; values the pattern has no name for follow the message."""
        known: logging.LogRecord = line["_record"]
        others = [f"{name}={_one_word(value)}" for name, value in line.items() if self._is_other(name)]
        details = [str(line[name]) for name in ("exception", "stack") if line.get(name)]
        record = logging.makeLogRecord(known.__dict__ | {"args": None, "exc_info": None, "exc_text": None})
        record.msg = "\n".join([" ".join([str(line.get("event", "")), *others]), *details])
        record.stamp = line["timestamp"]
        for name, source in _IDS.items():
            setattr(record, name, line.get(source, ""))
        return self._formatter.format(record)

    @staticmethod
    def _is_other(name: str) -> bool:
        return name not in _SHOWN_BY_PATTERN and not name.startswith("_")


class _Stamped(logging.Formatter):
    """Takes the time that `Stamp` has written already."""

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: ARG002, N802
        return str(getattr(record, "stamp", ""))


def _one_word(value: object) -> str:
    """The value as it is, or quoted when it could be mistaken for something else."""
    text = str(value)
    return repr(value) if not text or any(sign.isspace() for sign in text) else text


def _iso(moment: dt.datetime) -> str:
    text = moment.isoformat(timespec="milliseconds")
    return f"{text.removesuffix('+00:00')}Z" if text.endswith("+00:00") else text
