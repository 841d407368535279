"""Make the prompt: instructions, numbered passages, what was said before, the question."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from homeport.backends.llm.estimate_tokens import estimate_tokens
from homeport.backends.llm.port import Message
from homeport.features.apps.tables import AppMode
from homeport.features.chat.turn import Turn

#: Tokens of earlier messages that go along.
_HISTORY_TOKENS = 3000
_VARIABLE = re.compile(r"\{\{\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*\}\}")

_WITH_CONTEXT = """\
Answer from the passages in <context>. Put the number of the passage you used in brackets after each statement, \
like [1] or [2]. If the passages do not answer the question, say so.

<context>
{passages}
</context>"""


def fill(template: str, inputs: Mapping[str, Any]) -> str:
    """Put input values into `{{name}}`; names without a value stay as they are."""

    def value(match: re.Match[str]) -> str:
        found = inputs.get(match[1])
        return match[0] if found is None else str(found)

    return _VARIABLE.sub(value, template)


def _names(template: str, variable: str) -> bool:
    return any(match[1] == variable for match in _VARIABLE.finditer(template))


class Quoted(Protocol):
    """A passage as the prompt shows it."""

    @property
    def document_name(self) -> str:
        """Where it stands."""

    @property
    def content(self) -> str:
        """What it says."""


def make_prompt(turn: Turn, passages: Sequence[Quoted]) -> list[Message]:
    """The messages for the model."""
    template, query = turn.app.configuration.pre_prompt or "", turn.question.query
    instructions = fill(template, {"query": query} | turn.question.inputs)
    if turn.app.mode == AppMode.COMPLETION and (not query or _names(template, "query")):
        instructions, query = "", instructions  # the filled instructions are the question
    parts = [instructions] if instructions else []
    if passages:
        numbered = "\n\n".join(
            f"[{number}] {passage.document_name}\n{passage.content}" for number, passage in enumerate(passages, 1)
        )
        parts.append(_WITH_CONTEXT.format(passages=numbered))
    messages = [Message("system", "\n\n".join(parts))] if parts else []
    for earlier_query, answer in _recent(turn.history):
        messages += [Message("user", earlier_query), Message("assistant", answer)]
    return [*messages, Message("user", query)]


def _recent(history: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    kept: list[tuple[str, str]] = []
    left = _HISTORY_TOKENS
    for query, answer in reversed(history):
        left -= estimate_tokens(query) + estimate_tokens(answer)
        if left < 0:
            break
        kept.append((query, answer))
    return kept[::-1]
