"""A trace as spans of OpenTelemetry, with the attributes of OpenInference.

The names are those of https://arize-ai.github.io/openinference/spec/semantic_conventions.html. Lists are flattened:
`llm.input_messages.0.message.role`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from homeport.backends.tracing.derive_ids import span_bytes
from homeport.backends.tracing.port import Generation, Retrieval, Trace

Value = str | bool | int | float
_MICROSECOND = 1000
_STOPPED = "stopped before its end"


@dataclass(frozen=True, slots=True)
class Span:
    """One span; times are nanoseconds since 1970."""

    trace_id: bytes
    span_id: bytes
    #: Empty for the first.
    parent_id: bytes
    name: str
    start: int
    end: int
    attributes: dict[str, Value]
    #: The sentence of what went wrong; None when nothing did.
    error: str | None


def spans_of(trace: Trace) -> Iterator[Span]:
    """The answer, then its steps."""
    error = trace.error or (_STOPPED if trace.status == "stopped" else None)
    common: dict[str, Value] = {"session.id": trace.session_id, "user.id": trace.user_id}
    yield _span(trace, trace.id, trace.name, trace.started_at, trace.ended_at, common | _chain(trace), error)
    if trace.retrieval is not None:
        step = trace.retrieval
        attributes = common | _retriever(step)
        yield _span(trace, step.id, "retrieval", step.started_at, step.ended_at, attributes, None)
    if trace.generation is not None:
        made = trace.generation
        yield _span(trace, made.id, "generation", made.started_at, made.ended_at, common | _llm(made), error)


def _span(
    trace: Trace,
    step_id: str,
    name: str,
    started_at: datetime,
    ended_at: datetime,
    attributes: dict[str, Value],
    error: str | None,
) -> Span:
    return Span(
        trace_id=UUID(trace.id).bytes,
        span_id=span_bytes(step_id),
        parent_id=b"" if step_id == trace.id else span_bytes(trace.id),
        name=name,
        start=_nanoseconds(started_at),
        end=_nanoseconds(ended_at),
        attributes=attributes,
        error=error,
    )


def _chain(trace: Trace) -> dict[str, Value]:
    return {
        "openinference.span.kind": "CHAIN",
        "input.value": _json(trace.inputs),
        "input.mime_type": "application/json",
        "output.value": trace.output,
        "output.mime_type": "text/plain",
        "metadata": _json(trace.metadata | {"status": trace.status}),
    }


def _retriever(step: Retrieval) -> dict[str, Value]:
    attributes: dict[str, Value] = {"openinference.span.kind": "RETRIEVER", "input.value": step.query}
    for number, passage in enumerate(step.passages):
        before = f"retrieval.documents.{number}.document"
        attributes[f"{before}.id"] = passage.id
        attributes[f"{before}.content"] = passage.content
        attributes[f"{before}.score"] = float(passage.score)
        attributes[f"{before}.metadata"] = _json(passage.metadata | {"document": passage.document})
    return attributes


def _llm(step: Generation) -> dict[str, Value]:
    attributes: dict[str, Value] = {
        "openinference.span.kind": "LLM",
        "llm.model_name": step.model,
        "llm.provider": step.provider,
        "llm.invocation_parameters": _json(step.parameters),
        "llm.token_count.prompt": step.prompt_tokens,
        "llm.token_count.completion": step.completion_tokens,
        "llm.token_count.total": step.prompt_tokens + step.completion_tokens,
        "llm.output_messages.0.message.role": "assistant",
        "llm.output_messages.0.message.content": step.output,
        "output.value": step.output,
    }
    for number, message in enumerate(step.prompt):
        attributes[f"llm.input_messages.{number}.message.role"] = message.role
        attributes[f"llm.input_messages.{number}.message.content"] = message.content
    if step.prompt:
        attributes["input.value"] = step.prompt[-1].content
    return attributes


def _json(value: dict[str, Any]) -> str:
    return orjson.dumps(value, default=str).decode()


def _nanoseconds(moment: datetime) -> int:
    whole = int(moment.replace(microsecond=0).timestamp())  # as floats, microseconds of today are not exact
    return (whole * 1_000_000 + moment.microsecond) * _MICROSECOND
