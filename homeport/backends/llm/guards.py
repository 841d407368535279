"""Around every provider: check abilities, bound the time, repeat what failed for a passing reason, count tokens.

A driver does none of that, so all drivers behave alike here. One exception: the time between two pieces of a stream is
watched by the driver's connection, which does it without a timer per piece.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import TypeVar

from homeport.backends.llm.capabilities import Capabilities
from homeport.backends.llm.errors import LlmError, Unavailable, Unsupported
from homeport.backends.llm.estimate_tokens import estimate_usage
from homeport.backends.llm.port import ChatRequest, Embedder, EmbedKind, ModelInfo, Piece, Provider
from homeport.backends.llm.watch_calls import WatchedCall
from homeport.runtime.drivers.patience import Patience

Answer = TypeVar("Answer")


class GuardedProvider:
    """A `Provider` as features get it."""

    def __init__(self, provider: Provider, name: str, patience: Patience, address: str = "") -> None:
        """`name`: the provider's, for error sentences; `address`: where it is reached, empty for a built-in one."""
        self._provider = provider
        self._name = name
        self._patience = patience
        self._address = address

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
                await self._patience.pause_or_raise(error, failures)
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
        return GuardedEmbedder(self._provider.embedder(model), self.repeat, self._name, self._address)

    async def list_models(self) -> list[ModelInfo]:
        """See `Provider.list_models`."""
        return await self.repeat(self._provider.list_models)

    async def check(self) -> None:
        """See `Provider.check`. Not repeated: a person waits for the answer."""
        await self._patience.in_time(self._provider.check(), self._too_slow)

    async def repeat(self, call: Callable[[], Awaitable[Answer]]) -> Answer:
        """The answer of `call`, made again while it fails for a passing reason."""
        return await self._patience.repeat(call, self._too_slow)

    def _too_slow(self) -> Unavailable:
        return Unavailable(
            f"The model provider {self._name} did not answer within {self._patience.timeout:g} seconds.",
            hint="Look whether it runs, or raise LLM_TIMEOUT.",
        )


class GuardedEmbedder:
    """An `Embedder` as features get it."""

    def __init__(
        self,
        embedder: Embedder,
        repeat: Callable[[Callable[[], Awaitable[list[list[float]]]]], Awaitable[list[list[float]]]],
        provider: str = "",
        address: str = "",
    ) -> None:
        """`repeat`: makes a call again while it fails for a passing reason; `provider`: whose model it is."""
        self._embedder = embedder
        self._repeat = repeat
        self._provider = provider
        #: Where the model is reached; empty for a built-in one.
        self.address = address

    @property
    def provider(self) -> str:
        """The name of the provider whose model it is."""
        return self._provider

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
