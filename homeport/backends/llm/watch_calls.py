"""Each call of a model is counted, timed and traced: names and figures only, no prompt and no answer."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Literal, Self

from homeport.backends.llm.port import Usage
from homeport.runtime.ops import traces
from homeport.runtime.ops.meters import meters

CallKind = Literal["chat", "embeddings"]


class WatchedCall:
    """Around one call: `with WatchedCall("chat", provider, model) as call`."""

    __slots__ = ("_began", "_entered", "_kind", "_labels", "_meters", "_span")

    def __init__(self, kind: CallKind, provider: str, model: str) -> None:
        self._kind = kind
        self._meters = meters().models
        self._labels = self._meters.labels(provider, model)
        self._entered: AbstractContextManager[traces.Span] = traces.span(
            f"{kind} {model}",
            gen_ai__operation__name=kind,
            gen_ai__provider__name=provider,
            gen_ai__request__model=model,
        )

    def __enter__(self) -> Self:
        self._began = time.perf_counter()
        self._span = self._entered.__enter__()
        return self

    def first_piece(self) -> None:
        """The answer begins. What its reader does between two pieces is no part of this call."""
        seconds = time.perf_counter() - self._began
        self._meters.first_token.labels(*self._labels).observe(seconds)
        self._span.note(homeport__first_token_seconds=seconds)
        self._span.leave()

    def used(self, usage: Usage) -> None:
        """Tokens of the call."""
        for direction, number in (("input", usage.prompt_tokens), ("output", usage.completion_tokens)):
            self._meters.tokens.labels(*self._labels, direction).inc(number)
        self._span.note(
            gen_ai__usage__input_tokens=usage.prompt_tokens, gen_ai__usage__output_tokens=usage.completion_tokens
        )

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        outcome = "ok"
        if error is not None:  # no Exception: its reader has left
            outcome = type(error).__name__ if isinstance(error, Exception) else "cancelled"
        self._meters.calls.labels(self._kind, *self._labels, outcome).inc()
        self._meters.seconds.labels(self._kind, *self._labels).observe(time.perf_counter() - self._began)
        self._entered.__exit__(kind, error, trace)
