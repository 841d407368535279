"""Calls of models are counted by provider, model and outcome, each repeat for itself."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing

import pytest

from homeport.backends.llm import errors
from homeport.backends.llm.complete import complete
from homeport.backends.llm.drivers.openai_compatible.driver import OpenAiProvider
from homeport.backends.llm.guards import GuardedProvider
from homeport.backends.llm.port import ChatRequest
from homeport.runtime.drivers.patience import Patience
from homeport.runtime.ops.meters import meters

Ask = Callable[..., ChatRequest]
Connect = Callable[..., OpenAiProvider]


@pytest.fixture
def provider(connect: Connect, request: pytest.FixtureRequest) -> GuardedProvider:
    """One whose name no other test has, so that its figures begin at nothing."""
    return GuardedProvider(connect(), request.node.name, Patience(timeout=5, attempts=3, first_pause=0.001))


def calls(provider: str, kind: str = "chat") -> dict[str, float]:
    [family] = [one for one in meters().registry.collect() if one.name == "homeport_model_calls"]
    found = [one for one in family.samples if (one.labels["provider"], one.labels["kind"]) == (provider, kind)]
    return {one.labels["outcome"]: one.value for one in found}


def value(name: str, **labels: str) -> float | None:
    return meters().registry.get_sample_value(f"homeport_model_{name}", labels)


async def test_an_answer_is_counted_with_its_first_piece_and_its_tokens(
    provider: GuardedProvider, ask: Ask, request: pytest.FixtureRequest
) -> None:
    name = request.node.name
    answer = await complete(provider, ask("ordinary"))
    assert calls(name) == {"ok": 1}
    of_model = {"provider": name, "model": "ordinary"}
    assert value("call_seconds_count", kind="chat", **of_model) == 1
    assert value("first_token_seconds_count", **of_model) == 1
    assert value("tokens_total", direction="input", **of_model) == answer.usage.prompt_tokens
    assert value("tokens_total", direction="output", **of_model) == answer.usage.completion_tokens


async def test_a_failed_call_and_its_repeat_are_two(
    provider: GuardedProvider, ask: Ask, request: pytest.FixtureRequest
) -> None:
    await complete(provider, ask("fail-503-once"))
    assert calls(request.node.name) == {"Unavailable": 1, "ok": 1}


async def test_a_refusal_is_counted_by_its_name(
    provider: GuardedProvider, ask: Ask, request: pytest.FixtureRequest
) -> None:
    with pytest.raises(errors.Misconfigured):
        await complete(provider, ask("fail-401"))
    assert calls(request.node.name) == {"Misconfigured": 1}


async def test_an_answer_whose_reader_left_is_cancelled(
    provider: GuardedProvider, ask: Ask, request: pytest.FixtureRequest
) -> None:
    async with aclosing(provider.stream(ask("ordinary"))) as pieces:
        await anext(pieces)
    assert calls(request.node.name) == {"cancelled": 1}


async def test_embeddings_are_counted_too(provider: GuardedProvider, request: pytest.FixtureRequest) -> None:
    await provider.embedder("test-embedding").embed(["a"], "query")
    assert calls(request.node.name, "embeddings") == {"ok": 1}
