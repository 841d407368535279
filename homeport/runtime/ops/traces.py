"""Spans: what a request or a job did, one within the other, also across processes.

    with traces.span("index document", documents=3) as span:
        ...
        span.note(segments=42)

Nothing here is loaded and nothing costs anything until `turn_on` (ENABLE_OTEL). Attributes are figures and names: no
texts of people, no secrets.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Literal, Protocol, Self

if TYPE_CHECKING:  # the log stands on this module, and brings no HTTP client along
    import httpx

Kind = Literal["server", "client", "producer", "consumer", "internal"]
Attribute = str | int | float | bool


class Span(Protocol):
    """A piece of work that is being traced, or not."""

    def note(self, **attributes: Attribute) -> None:
        """Add figures; a double underscore in a name stands for a dot: `http__route` is `http.route`."""

    def rename(self, name: str) -> None:
        """Give it the name that is known only now."""

    def fail(self, reason: str) -> None:
        """Mark it failed; `reason` is a code or the name of an exception, never a text of somebody."""

    def leave(self) -> None:
        """Be no longer the span within which others begin. Called in the same step of the same coroutine as `with`."""


class Tracing(Protocol):
    """What makes spans, once it is turned on."""

    def span(
        self, name: str, kind: Kind, parent: str | None, attributes: dict[str, Attribute]
    ) -> AbstractContextManager[Span]:
        """A span within `parent`, a traceparent, or within the current one."""
        ...

    def traceparent(self) -> str | None:
        """The current span as the W3C writes it, None outside of any."""
        ...

    def ids(self) -> tuple[str, str] | None:
        """The ids of the current trace and span in hexadecimal, None outside of any."""
        ...

    def over(self, transport: httpx.AsyncBaseTransport) -> httpx.AsyncBaseTransport:
        """The transport, with a span around each request."""
        ...


class _NoSpan:
    """Traces nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def note(self, **attributes: Attribute) -> None:
        pass

    def rename(self, name: str) -> None:
        pass

    def fail(self, reason: str) -> None:
        pass

    def leave(self) -> None:
        pass


_NO_SPAN = _NoSpan()
_tracing: Tracing | None = None


def turn_on(tracing: Tracing | None) -> None:
    """Make spans with `tracing` from now on in this process; None ends that."""
    global _tracing  # noqa: PLW0603 - one per process, as the log is
    _tracing = tracing


def is_on() -> bool:
    """Whether spans are made."""
    return _tracing is not None


def span(
    name: str, kind: Kind = "internal", *, parent: str | None = None, **attributes: Attribute
) -> AbstractContextManager[Span]:
    """A span around the block, within `parent` (a traceparent) or the current span."""
    return _NO_SPAN if _tracing is None else _tracing.span(name, kind, parent, attributes)


def traceparent() -> str | None:
    """The current span, for a job or a message that will be worked on elsewhere."""
    return None if _tracing is None else _tracing.traceparent()


def ids() -> tuple[str, str] | None:
    """The ids of the current trace and span, for the log."""
    return None if _tracing is None else _tracing.ids()


def over(transport: httpx.AsyncBaseTransport) -> httpx.AsyncBaseTransport:
    """A transport of our own, with a span around each of its requests."""
    return transport if _tracing is None else _tracing.over(transport)
