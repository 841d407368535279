"""Embeddings in this process with all-MiniLM-L6-v2: English, clearly better than the small model, and slower."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

from homeport.backends.llm import errors
from homeport.backends.llm.capabilities import Capabilities
from homeport.backends.llm.choice import LlmChoice
from homeport.backends.llm.choose_account import MINILM_MODEL
from homeport.backends.llm.drivers.minilm.load_model import Model, load_model
from homeport.backends.llm.drivers.minilm.spec import SPEC, MiniLmSettings
from homeport.backends.llm.port import Account, ChatRequest, EmbedKind, ModelInfo, Piece

# Texts per step in the thread: few enough that a cancelled call ends soon.
_STEP = 8
_DIMENSION = 384


async def open_driver(settings: LlmChoice) -> MiniLmDriver:
    """The driver; the model is loaded, and prepared where it never was, with the first text."""
    assert isinstance(settings, MiniLmSettings)
    return MiniLmDriver(settings.llm_model_cache_dir)


class MiniLmDriver:
    """A `Driver`; its providers share one copy of the model."""

    def __init__(self, cache_dir: Path | None) -> None:
        """`cache_dir`: where the prepared model is kept; the usual place when None."""
        self._cache_dir = cache_dir
        self._model: Model | None = None
        self._loading = asyncio.Lock()

    def connect(self, account: Account) -> MiniLmProvider:  # noqa: ARG002 (all drivers are asked alike)
        """See `Driver.connect`."""
        return MiniLmProvider(self)

    async def close(self) -> None:
        """See `Driver.close`."""
        self._model = None

    async def model(self) -> Model:
        """The model, loaded once, in a thread."""
        async with self._loading:
            if self._model is None:
                self._model = await asyncio.to_thread(load_model, self._cache_dir)
            return self._model


class MiniLmProvider:
    """A `Provider` of one embedding model."""

    capabilities: Capabilities = SPEC.capabilities

    def __init__(self, driver: MiniLmDriver) -> None:
        self._driver = driver

    def stream(self, request: ChatRequest) -> AsyncGenerator[Piece, None]:  # noqa: ARG002
        """See `ChatModel.stream`; always `Unsupported`."""
        raise errors.Unsupported("The built-in embedding model does not chat; choose another one to chat with.")

    def embedder(self, model: str) -> MiniLmEmbedder:
        """See `Provider.embedder`; raises `NotFound` for any but the one model."""
        if model != MINILM_MODEL:
            raise errors.NotFound(f"There is no built-in embedding model {model!r}; accepted is {MINILM_MODEL}.")
        return MiniLmEmbedder(self._driver)

    async def list_models(self) -> list[ModelInfo]:
        """See `Provider.list_models`."""
        return [ModelInfo(MINILM_MODEL, "text-embedding")]

    async def check(self) -> None:
        """See `Provider.check`: the model can be loaded."""
        await self._driver.model()


class MiniLmEmbedder:
    """An `Embedder`; never in the way of the event loop."""

    model = MINILM_MODEL
    dimension: int | None = _DIMENSION

    def __init__(self, driver: MiniLmDriver) -> None:
        self._driver = driver

    async def embed(self, texts: Sequence[str], kind: EmbedKind) -> list[list[float]]:  # noqa: ARG002 (one model, one kind)
        """See `Embedder.embed`."""
        vectors: list[list[float]] = []
        model = await self._driver.model()
        for start in range(0, len(texts), _STEP):
            vectors += await asyncio.to_thread(model.embed, list(texts[start : start + _STEP]))
        return vectors
