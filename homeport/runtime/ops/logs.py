"""One log for everything in the process: own lines and those of uvicorn, SQLAlchemy, Celery and every other library.

    log = structlog.get_logger(__name__)
    log.info("document indexed", document_id=document.id, segments=42)

Lines carry the ids of the request and the job in which they were written; no line carries a secret.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import MutableMapping
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any, TextIO

import orjson
import structlog
from structlog.typing import Processor

from homeport.runtime.errors import HomeportError
from homeport.runtime.ops import traces
from homeport.runtime.ops.lines import Pattern, Stamp
from homeport.runtime.ops.mask import mask_secrets
from homeport.runtime.ops.settings import LoggingSettings

# Libraries that bring handlers of their own.
_WITH_HANDLERS = ("uvicorn", "uvicorn.error", "uvicorn.access", "gunicorn.error", "gunicorn.access", "celery")
# Libraries that write a line for each request they make (httpx with its whole address), or for each thing they do.
_TOO_TALKATIVE = ("httpx", "httpcore", "asyncio", "alembic.runtime.plugins", "botocore", "urllib3")


class LogFileError(HomeportError):
    """The log file cannot be written."""

    code = "configuration_error"


def configure_logs(settings: LoggingSettings, *, stream: TextIO | None = None) -> None:
    """Send every log line of this process to `stream` (standard error by default) and to LOG_FILE if it is set.

    May be called again; the last call counts. Raises LogFileError.
    """
    output = stream or sys.stderr
    on_terminal = output.isatty()
    form = settings.log_output_format or ("text" if on_terminal else "json")
    handlers: list[logging.Handler] = [logging.StreamHandler(output)]
    handlers[0].setFormatter(_formatter(settings, form, colors=on_terminal))
    if settings.log_file:
        handlers.append(_file_handler(settings, form))
    root = logging.getLogger()
    for old in root.handlers[:]:
        if type(old) in (logging.StreamHandler, RotatingFileHandler):  # ours, or basicConfig's; not a test runner's
            root.removeHandler(old)
            old.close()
    for handler in handlers:
        root.addHandler(handler)
    root.setLevel(settings.log_level)
    for name in _WITH_HANDLERS:
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = True
    for name in _TOO_TALKATIVE:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    logging.captureWarnings(True)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def bind_request_id(request_id: str) -> None:
    """Put `request_id` on every line written from here on in this task (and the tasks it starts)."""
    structlog.contextvars.bind_contextvars(request_id=request_id)


def bind_job_id(job_id: str) -> None:
    """Put `job_id` on every line written from here on in this task (and the tasks it starts)."""
    structlog.contextvars.bind_contextvars(job_id=job_id)


def bound_request_id() -> str | None:
    """The id of the request in which this is called, for passing it on."""
    value = structlog.contextvars.get_contextvars().get("request_id")
    return None if value is None else str(value)


def unbind_ids() -> None:
    """Forget every id bound in this task."""
    structlog.contextvars.clear_contextvars()


def _file_handler(settings: LoggingSettings, form: str) -> logging.Handler:
    path = Path(settings.log_file or "")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(
            path,
            maxBytes=settings.log_file_max_size * 1024 * 1024,
            backupCount=settings.log_file_backup_count,
            encoding="utf-8",
            errors="backslashreplace",
        )
    except OSError as error:
        reason = error.strerror or str(error)
        raise LogFileError(f"LOG_FILE is {str(path)!r}, which cannot be written: {reason}.") from error
    handler.setFormatter(_formatter(settings, form, colors=False))
    return handler


def _formatter(settings: LoggingSettings, form: str, *, colors: bool) -> logging.Formatter:
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        Stamp(settings.log_tz, settings.log_dateformat if form == "text" else None),
        _add_trace,
    ]
    last: list[Processor]
    if form == "json":
        last = [
            structlog.processors.format_exc_info,
            mask_secrets,
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(serializer=_json),
        ]
    elif settings.log_format:
        last = [structlog.processors.format_exc_info, mask_secrets, Pattern(settings.log_format)]
    else:
        last = [
            structlog.processors.format_exc_info,
            mask_secrets,
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.dev.ConsoleRenderer(colors=colors, pad_event_to=0),
        ]
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.contextvars.merge_contextvars, structlog.stdlib.ExtraAdder(), _drop_renderings],
        processors=[*shared, structlog.processors.StackInfoRenderer(), *last],
    )


def _add_trace(_logger: object, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """With the ids of the trace and span in which it was written, when traces are on."""
    found = traces.ids()
    if found is not None:
        line.setdefault("trace_id", found[0])
        line.setdefault("span_id", found[1])
    return line


def _drop_renderings(_logger: object, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Without what other handlers and uvicorn leave on a record: the same message once more."""
    for name in ("message", "asctime", "color_message"):
        line.pop(name, None)
    return line


def _json(line: MutableMapping[str, Any], **_options: object) -> str:
    try:
        return orjson.dumps(line, default=repr, option=orjson.OPT_NON_STR_KEYS).decode()
    except orjson.JSONEncodeError:  # a huge number, half a character: the slower encoder takes them
        return json.dumps(line, default=repr, skipkeys=True)
