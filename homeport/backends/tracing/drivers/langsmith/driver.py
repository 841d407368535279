"""Hands traces to LangSmith by its REST API.

`POST /runs/batch` takes whole runs, which must have `trace_id` and `dotted_order`; runs that are there already are
answered with 409. `GET /sessions` lists projects. https://docs.langchain.com/langsmith/trace-with-api, run-data-format
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import httpx

from homeport.backends.tracing.dialects.http_api import ServiceApi
from homeport.backends.tracing.drivers.langsmith.spec import SPEC, LangSmithConfig
from homeport.backends.tracing.port import Generation, Retrieval, Trace

_KNOWN_ALREADY = 409
_STOPPED = "The answer was stopped before its end."
Run = dict[str, Any]


class LangSmithTracer:
    """A `Tracer` over the API."""

    def __init__(self, config: LangSmithConfig, http: httpx.AsyncClient) -> None:
        """See `open_driver`."""
        key = {"x-api-key": config.secrets()["api_key"]}
        self._api = ServiceApi(SPEC.name, config, http, key, done=frozenset({_KNOWN_ALREADY}))
        self._project = config.project

    async def export(self, batch: Sequence[Trace]) -> None:
        """See `Tracer.export`: one call."""
        runs = [run for trace in batch for run in _runs(trace, self._project)]
        await self._api.send("/runs/batch", {"post": runs, "patch": []})

    async def check(self) -> None:
        """See `Tracer.check`: the key may see projects."""
        answer = await self._api.call("GET", "/sessions?limit=1")
        if not isinstance(answer.json(), list):
            raise self._api.unexpected(answer.status)


def _runs(trace: Trace, project: str) -> list[Run]:
    order = _order(trace.started_at, trace.id)
    root = _run(trace, project, trace.id, "chain", trace.name, trace.started_at, trace.ended_at)
    root |= {
        "dotted_order": order,
        "inputs": trace.inputs,
        "outputs": {"answer": trace.output},
        "error": trace.error or (_STOPPED if trace.status == "stopped" else None),
        # `thread_id` and `user_id` are the names by which LangSmith groups runs.
        "extra": {"metadata": trace.metadata | {"thread_id": trace.session_id, "user_id": trace.user_id}},
        "tags": [] if trace.status == "ok" else [trace.status],
    }
    found = [root]
    if trace.retrieval is not None:
        found.append(_retrieval(trace, trace.retrieval, project, order))
    if trace.generation is not None:
        found.append(_generation(trace, trace.generation, project, order))
    return found


def _retrieval(trace: Trace, step: Retrieval, project: str, order: str) -> Run:
    run = _run(trace, project, step.id, "retriever", "retrieval", step.started_at, step.ended_at)
    documents = [
        {
            "page_content": one.content,
            "type": "Document",
            "metadata": one.metadata | {"source": one.document, "score": one.score},
        }
        for one in step.passages
    ]
    return run | {
        "parent_run_id": trace.id,
        "dotted_order": f"{order}.{_order(step.started_at, step.id)}",
        "inputs": {"query": step.query},
        "outputs": {"documents": documents},
    }


def _generation(trace: Trace, step: Generation, project: str, order: str) -> Run:
    run = _run(trace, project, step.id, "llm", "generation", step.started_at, step.ended_at)
    usage = {
        "input_tokens": step.prompt_tokens,
        "output_tokens": step.completion_tokens,
        "total_tokens": step.prompt_tokens + step.completion_tokens,
    }
    events = [] if step.first_token_at is None else [{"name": "new_token", "time": step.first_token_at.isoformat()}]
    return run | {
        "parent_run_id": trace.id,
        "dotted_order": f"{order}.{_order(step.started_at, step.id)}",
        "inputs": {"messages": [{"role": one.role, "content": one.content} for one in step.prompt]},
        "outputs": {"messages": [{"role": "assistant", "content": step.output}], "usage_metadata": usage},
        "error": trace.error or (_STOPPED if trace.status == "stopped" else None),
        "events": events,
        "extra": {
            "metadata": {"ls_provider": step.provider, "ls_model_name": step.model, "usage_metadata": usage},
            "invocation_params": step.parameters,
        },
    }


def _run(
    trace: Trace, project: str, run_id: str, kind: str, name: str, started_at: datetime, ended_at: datetime
) -> Run:
    return {
        "id": run_id,
        "trace_id": trace.id,
        "session_name": project,
        "name": name,
        "run_type": kind,
        "start_time": started_at.isoformat(),
        "end_time": ended_at.isoformat(),
    }


def _order(started_at: datetime, run_id: str) -> str:
    return f"{started_at:%Y%m%dT%H%M%S%fZ}{run_id}"


def open_driver(config: LangSmithConfig, http: httpx.AsyncClient) -> LangSmithTracer:
    """A tracer with one key."""
    return LangSmithTracer(config, http)
