"""Hand an answer to the observability service of its app: what the rows say, as a trace."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from homeport.backends.tracing.derive_ids import child_id
from homeport.backends.tracing.port import FoundPassage, Generation, PromptMessage, Retrieval, Status, Trace, Tracer
from homeport.features.apps.published import Published, by_version
from homeport.features.apps.set_up_tracing import tracer_of
from homeport.features.chat import repository
from homeport.features.chat.prompt import make_prompt
from homeport.features.chat.room import ChatRoom
from homeport.features.chat.speaker import Speaker
from homeport.features.chat.tables import Message
from homeport.features.chat.turn import REMEMBERED, Question, Turn
from homeport.features.identity.repository import find_end_user_by_id
from homeport.runtime.tasks.jobs import Jobs
from homeport.runtime.tasks.queues import Queue
from homeport.runtime.tasks.task import RunningJob, Task


class ExportTrace(BaseModel):
    """Which answer; the row is the truth, so no text of it is here."""

    message_id: str


_STATUSES: dict[str, Status] = {"normal": "ok", "stopped": "stopped", "error": "error"}


@dataclass(frozen=True, slots=True)
class _Quoted:
    document_name: str
    content: str


async def _export(room: ChatRoom, payload: ExportTrace, _job: RunningJob) -> None:
    await export_trace(room, payload.message_id)


# A service may be away for an hour: ten attempts with growing pauses take about eighty minutes.
EXPORT_TRACE = Task(
    "chat.export_trace",
    Queue.OPS_TRACE,
    ExportTrace,
    _export,
    max_attempts=10,
    pause=timedelta(seconds=10),
    longest_pause=timedelta(hours=1),
    time_limit=timedelta(minutes=5),
)


async def export_later(session: AsyncSession, jobs: Jobs, workspace_id: str, app_id: str, message_id: str) -> None:
    """Let an answer be handed over, if the transaction that ends it is committed."""
    payload = ExportTrace(message_id=message_id)
    await jobs.enqueue(session, EXPORT_TRACE, payload, workspace_id=workspace_id, subject_id=app_id)


async def export_trace(room: ChatRoom, message_id: str) -> None:
    """Hand one answer over; does nothing when it is gone, or tracing has been switched off since.

    Raises the errors of `backends.tracing`. The same answer is the same trace however often it is sent.
    """
    async with room.database.read() as session:
        found = await _read(room, session, message_id)
    if found is not None:  # no session is held while the service is waited for
        tracer, trace = found
        await tracer.export([trace])


async def _read(room: ChatRoom, session: AsyncSession, message_id: str) -> tuple[Tracer, Trace] | None:
    found = await repository.find_answer(session, message_id)
    if found is None or found[0].status not in _STATUSES:
        return None
    message, conversation = found
    app = await by_version(session, room.apps.configurations, message.app_id, message.config_id)
    if app is None or not app.traced:
        return None
    tracer = await tracer_of(room.apps, session, app.workspace_id, app.id)
    if tracer is None:
        return None
    history = await repository.history(session, message.conversation_id, REMEMBERED, before=message)
    user = message.account_id or ""
    if message.end_user_id is not None:
        end_user = await find_end_user_by_id(session, message.end_user_id)
        user = end_user.session_id if end_user is not None else message.end_user_id
    turn = _turn(app, message, user, [(query, answer) for _, query, answer in history])
    return tracer, _trace(turn, message, conversation)


def _turn(app: Published, message: Message, user: str, history: list[tuple[str, str]]) -> Turn:
    return Turn(
        app=app,
        speaker=Speaker(message.from_source, message.end_user_id, message.account_id, user),
        question=Question(message.query, message.inputs, message.conversation_id),
        conversation_id=message.conversation_id,
        message_id=message.id,
        created_at=message.created_at,
        history=history,
    )


def _trace(turn: Turn, message: Message, conversation: str) -> Trace:
    return Trace(
        id=message.id,
        name=turn.app.name,
        started_at=message.created_at,
        ended_at=_after(message, message.latency),
        inputs={"query": message.query, "inputs": message.inputs},
        output=message.answer,
        status=_STATUSES[message.status],
        error=message.error,
        user_id=turn.speaker.user,
        session_id=message.conversation_id,
        metadata={
            "app_id": message.app_id,
            "app_mode": turn.app.mode,
            "config_id": message.config_id,
            "conversation_name": conversation,
            "from_source": message.from_source,
            "workspace_id": turn.app.workspace_id,
        },
        retrieval=_retrieval(turn, message),
        generation=_generation(turn, message),
    )


def _retrieval(turn: Turn, message: Message) -> Retrieval | None:
    if message.retrieval_latency is None:
        return None
    variable = turn.app.configuration.dataset_query_variable or ""
    return Retrieval(
        id=child_id(message.id, "retrieval"),
        started_at=message.created_at,
        ended_at=_after(message, message.retrieval_latency),
        query=message.query or str(message.inputs.get(variable) or ""),
        passages=tuple(_passage(one) for one in message.resources),
    )


def _passage(resource: dict[str, Any]) -> FoundPassage:
    told = ("position", "dataset_id", "dataset_name", "document_id", "segment_id")
    return FoundPassage(
        id=str(resource["segment_id"]),
        document=str(resource["document_name"]),
        content=str(resource["content"]),
        score=float(resource["score"] or 0),
        metadata={name: resource[name] for name in told},
    )


def _generation(turn: Turn, message: Message) -> Generation | None:
    if not message.model:  # it never came to that
        return None
    # The prompt is not stored: it follows from the rows, by the function that made it.
    quoted = [_Quoted(str(one["document_name"]), str(one["content"])) for one in message.resources]
    chosen = turn.app.configuration.model
    return Generation(
        id=child_id(message.id, "generation"),
        started_at=_after(message, message.retrieval_latency or 0.0),
        ended_at=_after(message, message.latency),
        provider=message.provider,
        model=message.model,
        prompt=tuple(PromptMessage(one.role, one.content) for one in make_prompt(turn, quoted)),
        output=message.answer,
        prompt_tokens=message.prompt_tokens,
        completion_tokens=message.completion_tokens,
        parameters=chosen.completion_params if chosen is not None else {},
        first_token_at=_after(message, message.first_token_latency) if message.answer else None,
    )


def _after(message: Message, seconds: float) -> datetime:
    return message.created_at + timedelta(seconds=seconds)
