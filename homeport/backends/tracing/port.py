"""What every observability service gets, and promises."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

#: ok: answered to its end. stopped: by the person, or because it took too long. error: it failed.
Status = Literal["ok", "stopped", "error"]


@dataclass(frozen=True, slots=True)
class FoundPassage:
    """A passage that was found for a question."""

    id: str
    document: str
    content: str
    score: float
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Retrieval:
    """The step that searched the knowledge."""

    id: str
    started_at: datetime
    ended_at: datetime
    query: str
    passages: tuple[FoundPassage, ...]


@dataclass(frozen=True, slots=True)
class PromptMessage:
    """One message of a prompt. Roles: system, user, assistant."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class Generation:
    """The step in which a model wrote."""

    id: str
    started_at: datetime
    ended_at: datetime
    provider: str
    model: str
    prompt: tuple[PromptMessage, ...]
    output: str
    prompt_tokens: int
    completion_tokens: int
    #: Such as temperature, as the app sets them.
    parameters: dict[str, Any] = field(default_factory=dict)
    #: When the first token came; None when none came.
    first_token_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Trace:
    """One answer of an app, with its steps. All ids are UUIDs, and the same whenever the same answer is sent."""

    id: str
    name: str
    started_at: datetime
    ended_at: datetime
    #: `query` and the values of the input form.
    inputs: dict[str, Any]
    output: str
    status: Status
    #: One sentence, when it failed.
    error: str | None
    #: Whom the app's client names, or the account of a member.
    user_id: str
    #: The conversation.
    session_id: str
    metadata: dict[str, Any] = field(default_factory=dict)
    retrieval: Retrieval | None = None
    generation: Generation | None = None


class Tracer(Protocol):
    """One account at one service. Errors are those of `errors.py`; the temporary ones may be tried again."""

    async def export(self, batch: Sequence[Trace]) -> None:
        """Hand traces over, all or none as far as the service lets that be seen.

        A trace that was sent before is the same trace to the service, not a second one.
        """
        ...

    async def check(self) -> None:
        """Make a real call that writes nothing; raises what stands in the way."""
        ...
