"""The answers of servers that are proper, odd or broken, read over a real connection."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing

import pytest

from homeport.backends.llm import errors
from homeport.backends.llm.complete import complete
from homeport.backends.llm.drivers.openai_compatible.driver import OpenAiProvider
from homeport.backends.llm.port import ChatRequest, Usage
from tests.support.model_server import ModelServer

Ask = Callable[..., ChatRequest]
Connect = Callable[..., OpenAiProvider]

ODD_BUT_WHOLE = (
    "no-usage",
    "rejects-stream-options",
    "no-done",
    "crlf",
    "comments",
    "multi-line",
    "terse",
    "one-write",
    "close-delimited",
    "reasoning",
    "usage-with-finish",
    "never-streams",
)


async def collect(provider: OpenAiProvider, request: ChatRequest) -> tuple[str, list[BaseException]]:
    """The text that came and the error that ended it, if one did."""
    text, problems = "", list[BaseException]()
    try:
        async for piece in provider.stream(request):
            text += piece.text
    except errors.LlmError as error:
        problems.append(error)
    return text, problems


async def test_an_answer_comes_whole_with_usage_and_finish_reason(
    connect: Connect, ask: Ask, server: ModelServer
) -> None:
    answer = await complete(connect(), ask("any"))
    assert answer.text == "".join(f"word{n} " for n in range(server.tokens))
    assert answer.usage == Usage(2, 8, 10)
    assert answer.finish_reason == "stop"


@pytest.mark.parametrize("model", ODD_BUT_WHOLE)
async def test_an_odd_server_is_understood(connect: Connect, ask: Ask, model: str) -> None:
    assert (await complete(connect(), ask(model))).text == "Hello, world!"


async def test_characters_split_between_reads_are_put_together(connect: Connect, ask: Ask) -> None:
    assert (await complete(connect(), ask("one-byte"))).text == "Grüße 世界 🎉"


async def test_reasoning_is_kept_apart_from_the_answer(connect: Connect, ask: Ask) -> None:
    answer = await complete(connect(), ask("reasoning"))
    assert (answer.text, answer.reasoning) == ("Hello, world!", "Hm...")


async def test_usage_in_the_last_choice_is_read(connect: Connect, ask: Ask) -> None:
    answer = await complete(connect(), ask("usage-with-finish"))
    assert answer.usage == Usage(2, 4, 6)
    assert answer.finish_reason == "length"


async def test_a_server_that_refuses_stream_options_is_asked_again_without(
    connect: Connect, ask: Ask, server: ModelServer
) -> None:
    await complete(connect(), ask("rejects-stream-options"))
    assert ["stream_options" in call.body for call in server.calls] == [True, False]


async def test_parameters_are_sent_and_empty_ones_left_out(connect: Connect, ask: Ask, server: ModelServer) -> None:
    await complete(connect(), ask("any", temperature=0.0, top_p=None, stop=[], max_tokens=7))
    body = server.calls[-1].body
    assert (body["temperature"], body["max_tokens"]) == (0.0, 7)
    assert not {"top_p", "stop"} & body.keys()


async def test_tokens_that_arrive_together_are_one_piece(connect: Connect, ask: Ask) -> None:
    pieces = [piece async for piece in connect().stream(ask("one-write"))]
    assert [piece.text for piece in pieces if piece.text] == ["Hello, world!"]


@pytest.mark.parametrize(
    ("model", "text", "sentence"),
    [
        ("error-in-stream", "Hello, world", "broke off the answer: The engine ran out of memory."),
        ("drop-midway", "Hello, world", "broke: the connection was closed in the middle of the answer."),
        ("ends-early", "Hello, world", "ended the answer before it was complete."),
        ("garbage", "Hello", "broke off the answer: an event that is not JSON."),
        ("drop-first", "", "broke: the connection was closed in the middle of the answer."),
    ],
)
async def test_a_broken_answer_gives_what_came_and_then_says_so(
    connect: Connect, ask: Ask, model: str, text: str, sentence: str
) -> None:
    got, [problem] = await collect(connect(), ask(model))
    assert got == text
    assert isinstance(problem, errors.Unavailable)
    assert sentence in problem.message


@pytest.mark.parametrize(("model", "text"), [("stall", "Hello"), ("hang", "")])
async def test_silence_ends_an_answer_after_the_timeout(
    impatient: OpenAiProvider, ask: Ask, model: str, text: str
) -> None:
    got, [problem] = await collect(impatient, ask(model))
    assert got in (text, "")  # a slow machine may be silent before the first word, too
    assert isinstance(problem, errors.Unavailable)
    assert "stopped answering: nothing arrived for 0.5 seconds." in problem.message


async def test_a_stop_ends_the_request_at_the_server(connect: Connect, ask: Ask, server: ModelServer) -> None:
    async with aclosing(connect().stream(ask("slow"))) as pieces:
        first = await anext(pieces)
    assert first.text.startswith("word0 ")
    await asyncio.to_thread(server.wait_until, lambda: server.calls[0].closed_early)


async def test_a_cancelled_reader_ends_the_request_at_the_server(
    connect: Connect, ask: Ask, server: ModelServer
) -> None:
    reading = asyncio.create_task(complete(connect(), ask("slow")))
    await asyncio.to_thread(server.wait_until, lambda: len(server.calls) == 1)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    await asyncio.to_thread(server.wait_until, lambda: server.calls[0].closed_early)


async def test_a_cancelled_wait_for_the_first_byte_ends_the_connection(
    connect: Connect, ask: Ask, server: ModelServer
) -> None:
    reading = asyncio.create_task(complete(connect(), ask("hang")))
    await asyncio.to_thread(server.wait_until, lambda: len(server.calls) == 1)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    await asyncio.to_thread(server.wait_until, lambda: server.connections == 0)
