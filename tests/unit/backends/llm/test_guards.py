"""What every provider gets around it: repetition, abilities, time, counted tokens."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from homeport.backends.llm import errors
from homeport.backends.llm.complete import complete
from homeport.backends.llm.drivers.openai_compatible.driver import OpenAiProvider
from homeport.backends.llm.estimate_tokens import estimate_tokens
from homeport.backends.llm.guards import GuardedProvider
from homeport.backends.llm.port import ChatRequest
from homeport.runtime.drivers.patience import Patience
from tests.support.model_server import ModelServer

Ask = Callable[..., ChatRequest]
Connect = Callable[..., OpenAiProvider]

QUICK = Patience(timeout=5, attempts=3, first_pause=0.001, longest_pause=2)


@pytest.fixture
def guarded(connect: Connect) -> GuardedProvider:
    return GuardedProvider(connect(), "openai", QUICK)


async def test_a_passing_failure_is_not_seen(guarded: GuardedProvider, ask: Ask, server: ModelServer) -> None:
    assert (await complete(guarded, ask("fail-503-once"))).text.startswith("word0 ")
    assert len(server.calls) == 2


async def test_a_lasting_failure_is_given_up_after_the_set_attempts(
    guarded: GuardedProvider, ask: Ask, server: ModelServer
) -> None:
    with pytest.raises(errors.Unavailable):
        await complete(guarded, ask("fail-503"))
    assert len(server.calls) == 3


async def test_a_refusal_is_not_repeated(guarded: GuardedProvider, ask: Ask, server: ModelServer) -> None:
    with pytest.raises(errors.Misconfigured):
        await complete(guarded, ask("fail-401"))
    assert len(server.calls) == 1


async def test_an_answer_that_has_begun_is_not_begun_again(
    guarded: GuardedProvider, ask: Ask, server: ModelServer
) -> None:
    with pytest.raises(errors.Unavailable):
        await complete(guarded, ask("drop-midway"))
    assert len(server.calls) == 1


async def test_embedding_is_repeated_too(guarded: GuardedProvider, server: ModelServer) -> None:
    with pytest.raises(errors.Unavailable):
        await guarded.embedder("fail-500").embed(["a"], "query")
    assert len(server.calls) == 3


async def test_no_texts_need_no_request(guarded: GuardedProvider, server: ModelServer) -> None:
    assert await guarded.embedder("any").embed([], "document") == []
    assert not server.calls


def test_a_busy_provider_is_asked_again_when_it_wants_to_be() -> None:
    pause = QUICK.pause(1, errors.RateLimited(retry_after=1.5))
    assert pause is not None
    assert pause >= 1.5


def test_a_provider_busy_for_too_long_is_not_waited_for() -> None:
    assert QUICK.pause(1, errors.RateLimited(retry_after=60)) is None


async def test_usage_is_estimated_when_nobody_counts(guarded: GuardedProvider, ask: Ask) -> None:
    usage = (await complete(guarded, ask("no-usage", "Hi there"))).usage
    assert usage.estimated
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens > 0


async def test_an_end_without_a_reason_is_a_stop(guarded: GuardedProvider, ask: Ask) -> None:
    pieces = [piece async for piece in guarded.stream(ask("never-streams"))]
    assert [piece.finish_reason for piece in pieces if piece.finish_reason] == ["stop"]
    assert [piece.usage.estimated for piece in pieces if piece.usage] == [False]


async def test_a_call_that_takes_too_long_is_ended(guarded: GuardedProvider) -> None:
    async def forever() -> str:
        await asyncio.Event().wait()
        return "never"

    impatient = GuardedProvider(guarded, "openai", Patience(timeout=0.01, attempts=1))
    with pytest.raises(errors.Unavailable, match=r"did not answer within 0\.01 seconds"):
        await impatient.repeat(forever)


async def test_a_stop_reaches_the_server_through_the_guards(
    guarded: GuardedProvider, ask: Ask, server: ModelServer
) -> None:
    pieces = guarded.stream(ask("slow"))
    await anext(pieces)
    await pieces.aclose()
    await asyncio.to_thread(server.wait_until, lambda: server.calls[0].closed_early)


@pytest.mark.parametrize(("text", "tokens"), [("", 0), ("a", 1), ("four", 1), ("eight by", 2), ("世界", 2)])
def test_tokens_are_estimated_by_script(text: str, tokens: int) -> None:
    assert estimate_tokens(text) == tokens
