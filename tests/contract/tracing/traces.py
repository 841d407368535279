"""Answers to hand over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from homeport.backends.tracing.derive_ids import child_id
from homeport.backends.tracing.port import FoundPassage, Generation, PromptMessage, Retrieval, Trace
from homeport.runtime.db.columns import new_id

BEGAN = datetime(2026, 11, 28, 12, 0, 0, 123456, tzinfo=UTC)
CONVERSATION = "01900000-0000-7000-8000-0000000000aa"


def make_trace(**change: object) -> Trace:
    """An answer with both steps; `change`: fields that differ."""
    trace_id = new_id()
    ended = BEGAN + timedelta(seconds=2)
    values: dict[str, object] = {
        "id": trace_id,
        "name": "Harbour desk",
        "started_at": BEGAN,
        "ended_at": ended,
        "inputs": {"query": "When does it open? ⚓", "place": "north"},
        "output": "At six [1].",
        "status": "ok",
        "error": None,
        "user_id": "ann",
        "session_id": CONVERSATION,
        "metadata": {"app_id": "a1", "mode": "chat"},
        "retrieval": Retrieval(
            id=child_id(trace_id, "retrieval"),
            started_at=BEGAN,
            ended_at=BEGAN + timedelta(milliseconds=40),
            query="When does it open? ⚓",
            passages=(
                FoundPassage("s1", "handbook.md", "It opens at six.", 0.75, {"segment_id": "s1"}),
                FoundPassage("s2", "ships.csv", "Ship 1", 0.5),
            ),
        ),
        "generation": Generation(
            id=child_id(trace_id, "generation"),
            started_at=BEGAN + timedelta(milliseconds=40),
            ended_at=ended,
            provider="openai",
            model="gpt-5.4-mini",
            prompt=(PromptMessage("system", "Be brief."), PromptMessage("user", "When does it open? ⚓")),
            output="At six [1].",
            prompt_tokens=31,
            completion_tokens=5,
            parameters={"temperature": 0.2, "stop": ["\n"], "response_format": {"type": "text"}, "seed": None},
            first_token_at=BEGAN + timedelta(milliseconds=300),
        ),
    }
    return Trace(**{**values, **change})  # type: ignore[arg-type]
