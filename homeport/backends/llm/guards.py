"""Around every provider: check abilities, bound the time, repeat what failed for a passing reason, count tokens.

A driver does none of that, so all drivers behave alike here. One exception: the time between two pieces of a stream is
watched by the driver's connection, which does it without a timer per piece.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TypeVar

from homeport.backends.llm.capabilities import Capabilities
from homeport.backends.llm.errors import LlmError, RateLimited, Unavailable, Unsupported
from homeport.backends.llm.estimate_tokens import estimate_usage
from homeport.backends.llm.port import ChatRequest, Embedder, EmbedKind, ModelInfo, Piece, Provider
from homeport.backends.llm.watch_calls import WatchedCall

Answer = TypeVar("Answer")

_dice = random.SystemRandom()


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for a provider and how often to ask again. All times in seconds."""

    timeout: float = 120.0
    attempts: int = 3
    first_pause: float = 0.5
    longest_pause: float = 20.0

    def pause(self, failures: int, error: LlmError) -> float | None:
        """Seconds to wait after so many failures, or None when asking again is of no use.

        Doubled each time and cut by up to half so that callers spread; what the provider asks for counts more, and when
        it asks for more than anybody would wait, that is told at once.
        """
        if not error.temporary or failures >= self.attempts:
            return None
        pause = min(self.longest_pause, self.first_pause * 2.0 ** (failures - 1)) * _dice.uniform(0.5, 1.0)
        if isinstance(error, RateLimited) and error.retry_after is not None:
            return max(pause, error.retry_after) if error.retry_after <= self.longest_pause else None
        return pause


class GuardedProvider:
    """A `Provider` as features get it."""

    def __init__(self, provider: Provider, name: str, patience: Patience) -> None:
        """`name`: the provider's, for error sentences."""
        self._provider = provider
        self._name = name
        self._patience = patience

    @property
    def capabilities(self) -> Capabilities:
        """What this provider can do."""
        return self._provider.capabilities

    async def stream(self, request: ChatRequest) -> AsyncGenerator[Piece, None]:
        """See `ChatModel.stream`. Asked anew only as long as nothing of the answer was handed out."""
        if not self.capabilities.chat:
            raise Unsupported(f"The model provider {self._name} only embeds texts; choose another one to chat with.")
        failures = 0
        while True:
            begun = False
            try:
                async with aclosing(self._counted(request)) as pieces:
                    async for piece in pieces:
                        begun = True
                        yield piece
            except LlmError as error:
                if begun:
                    raise
                failures += 1
                await self._pause_or_give_up(error, failures)
            else:
                return

    async def _counted(self, request: ChatRequest) -> AsyncGenerator[Piece, None]:
        """The provider's pieces; an end without usage or finish reason is given them."""
        texts: list[str] = []
        usage = finish_reason = None
        with WatchedCall("chat", self._name, request.model) as call:
            async with aclosing(self._provider.stream(request)) as pieces:
                async for piece in pieces:
                    if not texts:
                        call.first_piece()
                    texts.append(piece.text)
                    usage = piece.usage or usage
                    finish_reason = piece.finish_reason or finish_reason
                    yield piece
            counted = usage or estimate_usage(request, "".join(texts))
            call.used(counted)
        if usage is None or finish_reason is None:
            yield Piece("", finish_reason=None if finish_reason else "stop", usage=None if usage else counted)

    def embedder(self, model: str) -> GuardedEmbedder:
        """See `Provider.embedder`."""
        if not self.capabilities.embed:
            raise Unsupported(f"The model provider {self._name} does not embed texts; choose another embedding model.")
        return GuardedEmbedder(self._provider.embedder(model), self.repeat, self._name)

    async def list_models(self) -> list[ModelInfo]:
        """See `Provider.list_models`."""
        return await self.repeat(self._provider.list_models)

    async def check(self) -> None:
        """See `Provider.check`. Not repeated: a person waits for the answer."""
        await self._in_time(self._provider.check())

    async def repeat(self, call: Callable[[], Awaitable[Answer]]) -> Answer:
        """The answer of `call`, made again while it fails for a passing reason."""
        failures = 0
        while True:
            try:
                return await self._in_time(call())
            except LlmError as error:
                failures += 1
                await self._pause_or_give_up(error, failures)

    async def _in_time(self, waiting: Awaitable[Answer]) -> Answer:
        try:
            async with asyncio.timeout(self._patience.timeout) as limit:
                return await waiting
        except TimeoutError as error:
            if not limit.expired():
                raise
            raise Unavailable(
                f"The model provider {self._name} did not answer within {self._patience.timeout:g} seconds.",
                hint="Look whether it runs, or raise LLM_TIMEOUT.",
            ) from error

    async def _pause_or_give_up(self, error: LlmError, failures: int) -> None:
        """Called while `error` is being handled: sleeps, or raises it when asking again is of no use."""
        pause = self._patience.pause(failures, error)
        if pause is None:
            raise error
        await asyncio.sleep(pause)


class GuardedEmbedder:
    """An `Embedder` as features get it."""

    def __init__(
        self,
        embedder: Embedder,
        repeat: Callable[[Callable[[], Awaitable[list[list[float]]]]], Awaitable[list[list[float]]]],
        provider: str = "",
    ) -> None:
        """`repeat`: makes a call again while it fails for a passing reason; `provider`: whose model it is."""
        self._embedder = embedder
        self._repeat = repeat
        self._provider = provider

    @property
    def model(self) -> str:
        """See `Embedder.model`."""
        return self._embedder.model

    @property
    def dimension(self) -> int | None:
        """See `Embedder.dimension`."""
        return self._embedder.dimension

    async def embed(self, texts: Sequence[str], kind: EmbedKind) -> list[list[float]]:
        """See `Embedder.embed`."""
        if not texts:
            return []

        async def call() -> list[list[float]]:
            with WatchedCall("embeddings", self._provider, self._embedder.model):
                return await self._embedder.embed(texts, kind)

        return await self._repeat(call)
