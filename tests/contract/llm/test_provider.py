"""What every provider promises; what it cannot do it must refuse in the right word."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from homeport.backends.llm import errors
from homeport.backends.llm.complete import complete
from homeport.backends.llm.guards import GuardedProvider
from homeport.backends.llm.port import ChatRequest, Message, ModelType, Passage, Piece

PASSAGES = (Passage("The port is 5001. It can be changed.", "Ports", 1),)


async def first_model(provider: GuardedProvider, kind: ModelType) -> str:
    return next(model.name for model in await provider.list_models() if model.type == kind)


async def question(provider: GuardedProvider) -> ChatRequest:
    model = await first_model(provider, "llm")
    return ChatRequest(model, [Message("user", "Which port?")], {"temperature": 0}, PASSAGES, "someone")


async def test_an_answer_carries_one_finish_reason_and_one_usage(provider: GuardedProvider) -> None:
    if not provider.capabilities.chat:
        with pytest.raises(errors.Unsupported):
            await anext(provider.stream(ChatRequest("any", [Message("user", "Hi")])))
        return
    pieces = [piece async for piece in provider.stream(await question(provider))]
    assert "".join(piece.text for piece in pieces).strip()
    assert [piece.finish_reason for piece in pieces if piece.finish_reason] == ["stop"]
    assert sum(piece.usage is not None for piece in pieces) == 1


async def test_a_stream_can_be_left_early_and_the_next_one_works(provider: GuardedProvider) -> None:
    if not provider.capabilities.chat:
        pytest.skip("does not chat, which the test above proves")
    asked = await question(provider)
    async with aclosing(provider.stream(asked)) as pieces:
        assert isinstance(await anext(first_texts(pieces)), str)
    assert (await complete(provider, asked)).text


async def first_texts(pieces: AsyncIterator[Piece]) -> AsyncIterator[str]:
    async for piece in pieces:
        if piece.text:
            yield piece.text


async def test_vectors_are_as_many_and_as_long_as_promised(provider: GuardedProvider) -> None:
    if not provider.capabilities.embed:
        with pytest.raises(errors.Unsupported):
            provider.embedder("any")
        return
    embedder = provider.embedder(await first_model(provider, "text-embedding"))
    texts = ["red apple", "", "世界", "red apple"]
    vectors = await embedder.embed(texts, "document")
    assert [len(vector) for vector in vectors] == [embedder.dimension] * 4
    assert vectors[0] == vectors[3] != vectors[2]
    assert all(math.isfinite(number) for vector in vectors for number in vector)
    assert await embedder.embed([], "query") == []


async def test_models_are_sorted_and_fit_what_the_provider_can_do(provider: GuardedProvider) -> None:
    models = await provider.list_models()
    assert [model.name for model in models] == sorted(model.name for model in models)
    assert {"llm"} <= {model.type for model in models} or not provider.capabilities.chat
    assert {"text-embedding"} <= {model.type for model in models} or not provider.capabilities.embed


async def test_a_sound_account_passes_the_check(provider: GuardedProvider) -> None:
    await provider.check()
