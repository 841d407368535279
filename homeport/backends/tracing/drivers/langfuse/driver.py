"""Hands traces to Langfuse by its public API.

`POST /api/public/ingestion` takes a batch of events, which it tells apart by their ids, and answers 207 with what
became of each (https://api.reference.langfuse.com, Ingestion). `GET /api/public/projects` says to whom the keys belong.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import httpx

from homeport.backends.tracing.derive_ids import child_id
from homeport.backends.tracing.dialects.http_api import ServiceApi
from homeport.backends.tracing.drivers.langfuse.spec import SPEC, LangfuseConfig
from homeport.backends.tracing.port import Generation, Retrieval, Trace

_LEVELS = {"ok": "DEFAULT", "stopped": "WARNING", "error": "ERROR"}
Event = dict[str, Any]


class LangfuseTracer:
    """A `Tracer` over the API."""

    def __init__(self, config: LangfuseConfig, http: httpx.AsyncClient) -> None:
        """See `open_driver`."""
        secrets = config.secrets()
        self._api = ServiceApi(SPEC.name, config, http, {}, auth=(secrets["public_key"], secrets["secret_key"]))

    async def export(self, batch: Sequence[Trace]) -> None:
        """See `Tracer.export`: one call; the worst of the errors in its answer is raised."""
        events = [event for trace in batch for event in _events(trace)]
        answer = await self._api.send("/api/public/ingestion", {"batch": events})
        told = answer.json()
        if not isinstance(told, dict) or not isinstance(told.get("successes"), list):
            raise self._api.unexpected(answer.status)
        refused = [one for one in told.get("errors") or () if isinstance(one, dict)]
        if refused:
            worst = max(refused, key=lambda one: _status(one) in (401, 403))
            raise self._api.error(_status(worst), str(worst.get("message") or worst.get("error") or "no reason given"))

    async def check(self) -> None:
        """See `Tracer.check`: the keys belong to a project."""
        answer = await self._api.call("GET", "/api/public/projects")
        told = answer.json()
        if not isinstance(told, dict) or "data" not in told:
            raise self._api.unexpected(answer.status)


def _status(refused: Event) -> int:
    status = refused.get("status")
    return status if isinstance(status, int) and status >= 400 else 400


def _events(trace: Trace) -> list[Event]:
    events = [_event(trace, "trace-create", _trace_body(trace))]
    if trace.retrieval is not None:
        events.append(_event(trace, "span-create", _retrieval_body(trace, trace.retrieval)))
    if trace.generation is not None:
        events.append(_event(trace, "generation-create", _generation_body(trace, trace.generation)))
    return events


def _event(trace: Trace, kind: str, body: dict[str, Any]) -> Event:
    return {"id": child_id(trace.id, kind), "type": kind, "timestamp": _time(trace.ended_at), "body": body}


def _trace_body(trace: Trace) -> dict[str, Any]:
    return {
        "id": trace.id,
        "timestamp": _time(trace.started_at),
        "name": trace.name,
        "userId": trace.user_id,
        "sessionId": trace.session_id,
        "input": trace.inputs,
        "output": trace.output,
        "metadata": trace.metadata | {"status": trace.status, "error": trace.error},
        "tags": [] if trace.status == "ok" else [trace.status],
    }


def _retrieval_body(trace: Trace, step: Retrieval) -> dict[str, Any]:
    return {
        "id": step.id,
        "traceId": trace.id,
        "name": "retrieval",
        "startTime": _time(step.started_at),
        "endTime": _time(step.ended_at),
        "input": step.query,
        "output": [
            {"document": one.document, "content": one.content, "score": one.score, **one.metadata}
            for one in step.passages
        ],
    }


def _generation_body(trace: Trace, step: Generation) -> dict[str, Any]:
    return {
        "id": step.id,
        "traceId": trace.id,
        "name": "generation",
        "startTime": _time(step.started_at),
        "completionStartTime": None if step.first_token_at is None else _time(step.first_token_at),
        "endTime": _time(step.ended_at),
        "model": step.model,
        "modelParameters": {
            # A value is a text, a number, a switch or a list of texts; anything else would refuse the event.
            name: value if isinstance(value, str | int | float) else str(value)
            for name, value in step.parameters.items()
            if value is not None
        },
        "input": [{"role": one.role, "content": one.content} for one in step.prompt],
        "output": {"role": "assistant", "content": step.output},
        "usageDetails": {
            "input": step.prompt_tokens,
            "output": step.completion_tokens,
            "total": step.prompt_tokens + step.completion_tokens,
        },
        "metadata": {"provider": step.provider},
        "level": _LEVELS[trace.status],
        "statusMessage": trace.error,
    }


def _time(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def open_driver(config: LangfuseConfig, http: httpx.AsyncClient) -> LangfuseTracer:
    """A tracer with the keys of one project."""
    return LangfuseTracer(config, http)
