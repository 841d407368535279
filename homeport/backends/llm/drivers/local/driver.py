"""Embeddings in this process, for a machine on which nothing is configured: small, English, no download."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence

from homeport.backends.llm import errors
from homeport.backends.llm.capabilities import Capabilities
from homeport.backends.llm.choice import LlmChoice
from homeport.backends.llm.choose_account import LOCAL_EMBEDDING_MODEL
from homeport.backends.llm.drivers.local.load_weights import Weights, load_weights
from homeport.backends.llm.drivers.local.spec import SPEC
from homeport.backends.llm.port import Account, ChatRequest, EmbedKind, ModelInfo, Piece

# Texts per step in the thread: few enough that a cancelled call ends soon.
_STEP = 256
_DIMENSION = 256


async def open_driver(settings: LlmChoice) -> LocalDriver:  # noqa: ARG001 (all drivers are opened alike)
    """The driver; the model is loaded with the first text."""
    return LocalDriver()


class LocalDriver:
    """A `Driver`; its providers share one copy of the weights."""

    def __init__(self) -> None:
        self._weights: Weights | None = None
        self._loading = asyncio.Lock()

    def connect(self, account: Account) -> LocalProvider:  # noqa: ARG002
        """See `Driver.connect`."""
        return LocalProvider(self)

    async def close(self) -> None:
        """See `Driver.close`."""
        self._weights = None

    async def weights(self) -> Weights:
        """The model, loaded once, in a thread."""
        async with self._loading:
            if self._weights is None:
                self._weights = await asyncio.to_thread(load_weights)
            return self._weights


class LocalProvider:
    """A `Provider` of one embedding model."""

    capabilities: Capabilities = SPEC.capabilities

    def __init__(self, driver: LocalDriver) -> None:
        self._driver = driver

    def stream(self, request: ChatRequest) -> AsyncGenerator[Piece, None]:  # noqa: ARG002
        """See `ChatModel.stream`; always `Unsupported`."""
        raise errors.Unsupported("The built-in embedding model does not chat; choose another one to chat with.")

    def embedder(self, model: str) -> LocalEmbedder:
        """See `Provider.embedder`; raises `NotFound` for any but the one model."""
        if model != LOCAL_EMBEDDING_MODEL:
            raise errors.NotFound(
                f"There is no built-in embedding model {model!r}; accepted is {LOCAL_EMBEDDING_MODEL}."
            )
        return LocalEmbedder(self._driver)

    async def list_models(self) -> list[ModelInfo]:
        """See `Provider.list_models`."""
        return [ModelInfo(LOCAL_EMBEDDING_MODEL, "text-embedding")]

    async def check(self) -> None:
        """See `Provider.check`: the model's files are there."""
        await self._driver.weights()


class LocalEmbedder:
    """An `Embedder`; never in the way of the event loop."""

    model = LOCAL_EMBEDDING_MODEL
    dimension: int | None = _DIMENSION

    def __init__(self, driver: LocalDriver) -> None:
        self._driver = driver

    async def embed(self, texts: Sequence[str], kind: EmbedKind) -> list[list[float]]:  # noqa: ARG002 (one model, one kind)
        """See `Embedder.embed`."""
        vectors: list[list[float]] = []
        weights = await self._driver.weights()
        for start in range(0, len(texts), _STEP):
            vectors += await asyncio.to_thread(weights.embed, list(texts[start : start + _STEP]))
        return vectors
