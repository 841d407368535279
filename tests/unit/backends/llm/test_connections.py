"""The pool: connections are used again, many are open at once, what breaks is replaced."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import httpx
import pytest

from homeport.backends.llm import errors
from homeport.backends.llm.complete import complete
from homeport.backends.llm.drivers.openai_compatible.driver import OpenAiCompatible, OpenAiProvider, open_driver
from homeport.backends.llm.drivers.openai_compatible.spec import OpenAiCompatibleSettings
from homeport.backends.llm.drivers.openai_compatible.transport import PooledTransport
from homeport.backends.llm.port import Account, ChatRequest
from tests.support.model_server import ModelServer

Ask = Callable[..., ChatRequest]
Connect = Callable[..., OpenAiProvider]


async def test_one_connection_serves_one_answer_after_another(connect: Connect, ask: Ask, server: ModelServer) -> None:
    provider = connect()
    for model in ("any", "echo", "fail-404", "any"):
        try:
            await complete(provider, ask(model))
        except errors.NotFound:
            assert model == "fail-404"
    await provider.list_models()
    assert server.connections == 1


async def test_two_hundred_streams_at_once_all_come_whole(connect: Connect, ask: Ask, server: ModelServer) -> None:
    provider = connect()
    answers = await asyncio.gather(*(complete(provider, ask("echo", f"number {n}")) for n in range(200)))
    assert [answer.text for answer in answers] == [f"number {n}" for n in range(200)]


async def test_more_requests_than_connections_wait_for_their_turn(ask: Ask, server: ModelServer) -> None:
    driver = await open_driver(OpenAiCompatibleSettings(llm_max_connections=2))
    provider = driver.connect(Account("openai", "openai_compatible", server.url))
    answers = await asyncio.gather(*(complete(provider, ask("echo", f"number {n}")) for n in range(20)))
    assert len(answers) == 20
    assert server.connections == 2
    await driver.close()


async def test_a_stopped_stream_gives_its_place_back(ask: Ask, server: ModelServer) -> None:
    driver = await open_driver(OpenAiCompatibleSettings(llm_max_connections=1))
    provider = driver.connect(Account("openai", "openai_compatible", server.url))
    for _ in range(3):
        pieces = provider.stream(ask("slow"))
        await anext(pieces)
        await pieces.aclose()
    assert (await complete(provider, ask("echo"))).text == "Hi there"
    await driver.close()


async def test_a_connection_the_server_closed_meanwhile_is_replaced_unnoticed(
    connect: Connect, ask: Ask, server: ModelServer
) -> None:
    provider = connect()
    await complete(provider, ask("any"))
    server.drop_connections()
    assert (await complete(provider, ask("echo"))).text == "Hi there"


async def test_a_slow_reader_gets_everything(connect: Connect, ask: Ask) -> None:
    words = " ".join(f"w{n}" for n in range(8000))
    text = ""
    async for piece in connect().stream(ask("echo", words)):
        text += piece.text
        if len(text) < 100:
            await asyncio.sleep(0.05)
    assert text == words


async def test_closing_the_driver_ends_running_streams(
    driver: OpenAiCompatible, connect: Connect, ask: Ask, server: ModelServer
) -> None:
    pieces = connect().stream(ask("slow"))
    await anext(pieces)
    await driver.close()
    with pytest.raises(errors.Unavailable):
        async for _ in pieces:
            pass
    await asyncio.to_thread(server.wait_until, lambda: server.connections == 0)


async def test_a_header_with_a_line_break_is_not_sent(server: ModelServer) -> None:
    pool = PooledTransport(1)
    request = httpx.Request("GET", server.url, headers=[(b"X-Key", b"a\r\nX-Other: b")])
    with pytest.raises(httpx.LocalProtocolError):
        await pool.handle_async_request(request)
    await pool.aclose()
    assert not server.calls


async def test_a_proxy_is_used_when_one_is_set(ask: Ask, server: ModelServer) -> None:
    driver = await open_driver(OpenAiCompatibleSettings(llm_proxy=server.origin))
    provider = driver.connect(Account("openai", "openai_compatible", "http://model.invalid/v1"))
    assert (await complete(provider, ask("echo"))).text == "Hi there"
    assert server.calls[0].path == "http://model.invalid/v1/chat/completions"
    await driver.close()
