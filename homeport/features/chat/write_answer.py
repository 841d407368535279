"""Answer a turn: find passages, ask the model, hand on what comes, save the end. The one way for every surface."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from homeport.backends.llm.port import ChatRequest, Passage, Usage
from homeport.features.chat import repository
from homeport.features.chat.choose_model import choose_model
from homeport.features.chat.cite import cite
from homeport.features.chat.export_trace import export_later
from homeport.features.chat.name_conversation import queue_naming
from homeport.features.chat.prompt import make_prompt
from homeport.features.chat.room import ChatRoom
from homeport.features.chat.turn import Turn
from homeport.features.knowledge.retrieve import RetrievalOptions, Retrieved, search
from homeport.runtime.errors import HomeportError
from homeport.runtime.http.problems import problem_of

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Outcome:
    """What became of a turn."""

    parts: list[str] = field(default_factory=list)
    resources: list[dict[str, object]] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)
    provider: str = ""
    model: str = ""
    #: Whether that model writes, rather than quotes.
    writes: bool = False
    status: str = "normal"
    error: Exception | None = None
    #: When the passages were found; None when none were looked for.
    found_at: float | None = None
    first_token_at: float | None = None
    ended_at: float = 0.0

    @property
    def answer(self) -> str:
        """The whole text."""
        return "".join(self.parts)


class Sink(Protocol):
    """Where an answer goes while it is written."""

    def text(self, text: str) -> None:
        """A piece of the answer."""

    def end(self, outcome: Outcome) -> None:
        """It is finished, stopped or failed, and saved."""


async def write_answer(room: ChatRoom, turn: Turn, sink: Sink) -> Outcome:
    """Answer `turn` into `sink`. Cancelling the task that runs this stops the answer; it is saved as far as it came."""
    outcome = Outcome()
    try:
        with room.stops.registered(turn.task_id, turn.speaker.person):
            async with asyncio.timeout(room.settings.app_max_execution_time):
                outcome.error = await problem_of(_generate(room, turn, sink, outcome))
    except asyncio.CancelledError:
        outcome.status = "stopped"
    except TimeoutError:
        outcome.status = "stopped"
        log.warning("an answer took longer than APP_MAX_EXECUTION_TIME and was stopped", message_id=turn.message_id)
    if outcome.error is not None:
        outcome.status = "error"
    outcome.ended_at = time.perf_counter()
    try:
        unsaved = await problem_of(asyncio.shield(_save(room, turn, outcome)))
        outcome.error = outcome.error or unsaved
    finally:
        sink.end(outcome)
    return outcome


async def _generate(room: ChatRoom, turn: Turn, sink: Sink, outcome: Outcome) -> None:
    configuration = turn.app.configuration
    passages = await _find_passages(room, turn)
    outcome.found_at = time.perf_counter() if configuration.dataset_ids else None
    outcome.resources = [
        cite(number, passage, turn.question.retriever_from) for number, passage in enumerate(passages, 1)
    ]
    wanted = configuration.model
    chosen = await choose_model(room, turn.app)
    outcome.provider, outcome.model, outcome.writes = chosen.provider, chosen.model, not chosen.built_in
    request = ChatRequest(
        model=chosen.model,
        messages=make_prompt(turn, passages),
        parameters=wanted.completion_params if wanted else {},
        passages=tuple(
            Passage(passage.content, passage.document_name, number) for number, passage in enumerate(passages, 1)
        ),
        user=turn.speaker.person,
    )
    async with aclosing(chosen.chat.stream(request)) as pieces:
        async for piece in pieces:
            if piece.text:
                if outcome.first_token_at is None:
                    outcome.first_token_at = time.perf_counter()
                outcome.parts.append(piece.text)
                sink.text(piece.text)
            if piece.usage is not None:
                outcome.usage = piece.usage


async def _find_passages(room: ChatRoom, turn: Turn) -> list[Retrieved]:
    configuration = turn.app.configuration
    dataset_ids = configuration.dataset_ids
    asked = turn.question.query or str(turn.question.inputs.get(configuration.dataset_query_variable or "") or "")
    if not dataset_ids or not asked.strip():
        return []
    retrieval = configuration.dataset_configs
    options = RetrievalOptions(
        top_k=retrieval.top_k,
        score_threshold=retrieval.score_threshold if retrieval.score_threshold_enabled else None,
        highlights=False,
    )
    return await search(room.knowledge, turn.app.workspace_id, dataset_ids, asked, options)


async def _save(room: ChatRoom, turn: Turn, outcome: Outcome) -> None:
    first = outcome.first_token_at or outcome.ended_at
    values = {
        "answer": outcome.answer,
        "status": outcome.status,
        "error": None if outcome.error is None else _sentence(outcome.error),
        "provider": outcome.provider,
        "model": outcome.model,
        "prompt_tokens": outcome.usage.prompt_tokens,
        "completion_tokens": outcome.usage.completion_tokens,
        "latency": outcome.ended_at - turn.began,
        "first_token_latency": first - turn.began,
        "retrieval_latency": None if outcome.found_at is None else outcome.found_at - turn.began,
        "resources": outcome.resources,
    }
    async with room.database.begin() as session:
        kept = await repository.finish_message(session, turn.message_id, values)
        if turn.app.traced:
            await export_later(session, room.jobs, turn.app.workspace_id, turn.app.id, turn.message_id)
        if kept and turn.names_conversation and outcome.writes and outcome.parts and outcome.error is None:
            await queue_naming(room, session, turn)


def _sentence(error: BaseException) -> str:
    return str(error) if isinstance(error, HomeportError) else "Internal Server Error"
