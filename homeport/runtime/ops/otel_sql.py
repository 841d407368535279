"""A span for each SQL statement within a traced request or job: its text with placeholders, never its values."""

from __future__ import annotations

from typing import Any

from opentelemetry import trace
from opentelemetry.trace import SpanKind, Status, StatusCode, Tracer
from sqlalchemy import Engine, event

_MOST_TEXT = 2000


class SqlSpans:
    """Listens to an engine until it is closed."""

    def __init__(self, tracer: Tracer, engine: Engine) -> None:
        """`engine`: the synchronous one inside an asynchronous engine."""
        self._tracer = tracer
        self._engine = engine
        self._fixed = {"db.system.name": engine.dialect.name}
        if engine.url.host:
            self._fixed |= {"db.namespace": engine.url.database or "", "server.address": engine.url.host}
        self._listeners = (
            ("before_cursor_execute", self._begin),
            ("after_cursor_execute", self._end),
            ("handle_error", self._fail),
        )
        for name, listener in self._listeners:
            event.listen(engine, name, listener)

    def close(self) -> None:
        """Listen no more."""
        for name, listener in self._listeners:
            event.remove(self._engine, name, listener)

    def _begin(
        self, _connection: Any, _cursor: Any, statement: str, _parameters: Any, context: Any, executemany: bool
    ) -> None:
        verb = statement.split(None, 1)[0].upper() if statement else "SQL"
        if verb == "BEGIN" or not trace.get_current_span().is_recording():
            return
        context.homeport_span = self._tracer.start_span(
            verb,
            kind=SpanKind.CLIENT,
            attributes={
                **self._fixed,
                "db.operation.name": verb,
                "db.query.text": statement[:_MOST_TEXT],
                "homeport.many": executemany,
            },
        )

    def _end(self, _connection: Any, _cursor: Any, _statement: Any, _parameters: Any, context: Any, _many: Any) -> None:
        span = getattr(context, "homeport_span", None)
        if span is not None:
            span.end()

    def _fail(self, failure: Any) -> None:
        span = getattr(failure.execution_context, "homeport_span", None)
        if span is not None:  # the driver's sentence may quote values
            reason = type(failure.original_exception).__name__
            span.set_attribute("error.type", reason)
            span.set_status(Status(StatusCode.ERROR, reason))
            span.end()
