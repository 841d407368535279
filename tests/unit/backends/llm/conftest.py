"""A model server and an OpenAI-compatible provider that speaks to it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterator

import pytest

from homeport.backends.llm.drivers.openai_compatible.driver import OpenAiCompatible, OpenAiProvider, open_driver
from homeport.backends.llm.drivers.openai_compatible.spec import OpenAiCompatibleSettings
from homeport.backends.llm.port import Account, ChatRequest, Message
from tests.support.model_server import ModelServer, model_server

Connect = Callable[..., OpenAiProvider]


@pytest.fixture
def server() -> Iterator[ModelServer]:
    """A fresh server."""
    with model_server() as running:
        yield running


@pytest.fixture
async def driver() -> AsyncGenerator[OpenAiCompatible]:
    """The bare driver."""
    opened = await open_driver(OpenAiCompatibleSettings(llm_timeout=30, llm_connect_timeout=30, llm_embedding_batch=3))
    yield opened
    await opened.close()


@pytest.fixture
async def impatient(server: ModelServer) -> AsyncGenerator[OpenAiProvider]:
    """A connection to the server that gives up after half a second of silence."""
    opened = await open_driver(OpenAiCompatibleSettings(llm_timeout=0.5))
    yield opened.connect(Account("openai", "openai_compatible", server.url, ""))
    await opened.close()


@pytest.fixture
def connect(driver: OpenAiCompatible, server: ModelServer) -> Connect:
    """Connects to the server, or to the address given."""

    def made(base_url: str = "", api_key: str = "") -> OpenAiProvider:
        return driver.connect(Account("openai", "openai_compatible", base_url or server.url, api_key))

    return made


@pytest.fixture
def ask() -> Callable[..., ChatRequest]:
    """A request of one message."""

    def made(model: str, text: str = "Hi there", **parameters: object) -> ChatRequest:
        return ChatRequest(model, [Message("user", text)], parameters)

    return made
