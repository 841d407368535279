"""Hands traces to Opik by its REST API.

`POST /v1/private/traces/batch`, then `POST /v1/private/spans/batch`; ids are UUIDs of version 7, and what has a known
id is written over. `POST /v1/private/auth` says whether the key may enter the workspace.
https://www.comet.com/docs/opik/reference/rest-api
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import httpx

from homeport.backends.tracing.dialects.http_api import ServiceApi
from homeport.backends.tracing.drivers.opik.spec import SPEC, OpikConfig
from homeport.backends.tracing.port import Generation, Retrieval, Trace

_NO_CONTENT = 204
_PRIVATE = "/v1/private"


class OpikTracer:
    """A `Tracer` over the API."""

    def __init__(self, config: OpikConfig, http: httpx.AsyncClient) -> None:
        """See `open_driver`."""
        headers = {"Comet-Workspace": config.workspace}
        if config.api_key is not None:
            headers["Authorization"] = config.api_key.get_secret_value()  # as it is, without a scheme
        self._api = ServiceApi(SPEC.name, config, http, headers)
        self._project = config.project

    async def export(self, batch: Sequence[Trace]) -> None:
        """See `Tracer.export`: two calls, the traces and their steps."""
        await self._send("/traces/batch", {"traces": [_trace(trace, self._project) for trace in batch]})
        spans = [span for trace in batch for span in _spans(trace, self._project)]
        if spans:
            await self._send("/spans/batch", {"spans": spans})

    async def check(self) -> None:
        """See `Tracer.check`: the key opens the workspace."""
        await self._send("/auth", {})

    async def _send(self, path: str, body: dict[str, Any]) -> None:
        answer = await self._api.send(f"{_PRIVATE}{path}", body)
        if answer.status != _NO_CONTENT:
            raise self._api.unexpected(answer.status)


def _trace(trace: Trace, project: str) -> dict[str, Any]:
    first = trace.generation.first_token_at if trace.generation is not None else None
    return {
        "id": trace.id,
        "project_name": project,
        "name": trace.name,
        "start_time": trace.started_at.isoformat(),
        "end_time": trace.ended_at.isoformat(),
        "input": trace.inputs,
        "output": {"answer": trace.output},
        "metadata": trace.metadata | {"user_id": trace.user_id, "status": trace.status},
        "tags": [] if trace.status == "ok" else [trace.status],
        "thread_id": trace.session_id,
        "ttft": None if first is None else (first - trace.started_at).total_seconds() * 1000,
        "error_info": _error(trace),
    }


def _spans(trace: Trace, project: str) -> list[dict[str, Any]]:
    found = []
    if trace.retrieval is not None:
        found.append(_span(trace, trace.retrieval, project) | _retrieval(trace.retrieval))
    if trace.generation is not None:
        found.append(_span(trace, trace.generation, project) | _generation(trace, trace.generation))
    return found


def _span(trace: Trace, step: Retrieval | Generation, project: str) -> dict[str, Any]:
    return {
        "id": step.id,
        "trace_id": trace.id,
        "project_name": project,
        "start_time": step.started_at.isoformat(),
        "end_time": step.ended_at.isoformat(),
    }


def _retrieval(step: Retrieval) -> dict[str, Any]:
    documents = [
        {"document": one.document, "content": one.content, "score": one.score, **one.metadata} for one in step.passages
    ]
    return {
        "name": "retrieval",
        "type": "tool",
        "input": {"query": step.query},
        "output": {"documents": documents},
    }


def _generation(trace: Trace, step: Generation) -> dict[str, Any]:
    return {
        "name": "generation",
        "type": "llm",
        "provider": step.provider,
        "model": step.model,
        "input": {"messages": [{"role": one.role, "content": one.content} for one in step.prompt]},
        "output": {"content": step.output},
        "metadata": {"parameters": step.parameters},
        "usage": {
            "prompt_tokens": step.prompt_tokens,
            "completion_tokens": step.completion_tokens,
            "total_tokens": step.prompt_tokens + step.completion_tokens,
        },
        "error_info": _error(trace),
    }


def _error(trace: Trace) -> dict[str, str] | None:
    if trace.error is None:
        return None
    return {"exception_type": "Error", "message": trace.error, "traceback": trace.error}


def open_driver(config: OpikConfig, http: httpx.AsyncClient) -> OpikTracer:
    """A tracer in one workspace."""
    return OpikTracer(config, http)
