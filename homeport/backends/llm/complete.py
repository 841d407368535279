"""Take a whole answer at once, for callers that do not stream."""

from __future__ import annotations

from contextlib import aclosing

from homeport.backends.llm.port import ChatModel, ChatRequest, Completion, Usage


async def complete(model: ChatModel, request: ChatRequest) -> Completion:
    """Stream the answer to its end and return it whole."""
    texts: list[str] = []
    reasonings: list[str] = []
    usage = Usage()
    finish_reason = "stop"
    async with aclosing(model.stream(request)) as pieces:
        async for piece in pieces:
            texts.append(piece.text)
            reasonings.append(piece.reasoning)
            usage = piece.usage or usage
            finish_reason = piece.finish_reason or finish_reason
    return Completion("".join(texts), usage, finish_reason, "".join(reasonings))
