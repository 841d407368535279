"""The answerer of a machine without a model: it quotes what the search found, with citations, and says what it is."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator

from homeport.backends.llm import errors
from homeport.backends.llm.capabilities import Capabilities
from homeport.backends.llm.choice import LlmChoice
from homeport.backends.llm.choose_account import EXTRACTIVE_MODEL
from homeport.backends.llm.drivers.extractive.pick_sentences import Quote, pick_sentences
from homeport.backends.llm.drivers.extractive.spec import SPEC
from homeport.backends.llm.port import Account, ChatRequest, Embedder, ModelInfo, Piece, Usage

NOTE = (
    "*No model is configured, so this answer only quotes. Add a model under Settings → Models, or set OPENAI_API_KEY.*"
)
NOTHING = (
    "There is nothing to quote: no passage of a knowledge base matches this question, or none is attached to this app."
)

_MOST_QUOTES = 4
_MISLEADING = re.compile(r"<|\[(?=\d+\])")
_PIECES = re.compile(r"\s*\S+(?:\s+$)?|\s+$")


async def open_driver(settings: LlmChoice) -> ExtractiveDriver:  # noqa: ARG001 (all drivers are opened alike)
    """The driver; it has nothing to open."""
    return ExtractiveDriver()


class ExtractiveDriver:
    """A `Driver`."""

    def connect(self, account: Account) -> ExtractiveProvider:  # noqa: ARG002
        """See `Driver.connect`."""
        return ExtractiveProvider()

    async def close(self) -> None:
        """See `Driver.close`."""


class ExtractiveProvider:
    """A `Provider` of one model that quotes; the same request always gives the same answer, for no tokens."""

    capabilities: Capabilities = SPEC.capabilities

    async def stream(self, request: ChatRequest) -> AsyncGenerator[Piece, None]:
        """See `ChatModel.stream`. The question is the last message of the user; any model name is accepted."""
        for text in _PIECES.findall(write_answer(request)):
            yield Piece(text)
            await asyncio.sleep(0)  # other streams go on, and a stop is heard
        yield Piece("", finish_reason="stop", usage=Usage())

    def embedder(self, model: str) -> Embedder:
        """See `Provider.embedder`; always `Unsupported`."""
        raise errors.Unsupported(f"The built-in answerer does not embed texts with {model!r}.")

    async def list_models(self) -> list[ModelInfo]:
        """See `Provider.list_models`."""
        return [ModelInfo(EXTRACTIVE_MODEL, "llm")]

    async def check(self) -> None:
        """See `Provider.check`: nothing can be wrong."""


def write_answer(request: ChatRequest) -> str:
    """The answer in Markdown: quotes with the numbers of their passages, or that there is nothing to quote."""
    question = next((one.content for one in reversed(request.messages) if one.role == "user"), "")
    quotes = pick_sentences(question, request.passages, _MOST_QUOTES)
    if not quotes:
        return f"{NOTHING}\n\n{NOTE}"
    return "\n\n".join([*(_quoted(quote) for quote in quotes), NOTE])


def _quoted(quote: Quote) -> str:
    """A block quote. Tags, foreign citations and marks that are never closed are shown as they stand in the passage."""
    text = _MISLEADING.sub(r"\\\g<0>", quote.sentence)
    for mark in ("`", "*"):
        if text.count(mark) % 2:
            text = text.replace(mark, f"\\{mark}")
    return f"> {text} [{quote.passage.position}]"
