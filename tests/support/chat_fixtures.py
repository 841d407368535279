"""A model server and the application that asks it, for all tests of a file; each test makes its own apps."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from homeport.features.operate.jobs.switch_queue import pause
from homeport.runtime.tasks.queues import Queue
from tests.support.chat_app import ChatApp, open_chat_app
from tests.support.model_server import ModelServer, model_server
from tests.support.servers import own_name

KEY = "sk-test-1234567890"


@pytest.fixture(scope="module")
def model_site() -> Iterator[ModelServer]:
    """A model server that answers with eight words."""
    with model_server() as server:
        yield server


@pytest.fixture
def models(model_site: ModelServer) -> ModelServer:
    """The same, with what it was asked before forgotten."""
    model_site.calls.clear()
    return model_site


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chat(tmp_path_factory: pytest.TempPathFactory, model_site: ModelServer) -> AsyncIterator[ChatApp]:
    """The application on SQLite; its environment names the model server."""
    variables = {"OPENAI_BASE_URL": model_site.url, "OPENAI_API_KEY": KEY, "LLM_MAX_ATTEMPTS": "1"}
    async with open_chat_app(tmp_path_factory.mktemp("data"), set_up=True, **variables) as app:
        await _let_no_job_ask(app)
        yield app


@pytest.fixture(
    scope="module",
    params=[
        "sqlite",
        pytest.param("postgres", marks=pytest.mark.postgres),
        pytest.param("mysql", marks=pytest.mark.mysql),
    ],
)
def lasting_database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A database on each engine in turn, kept for all tests of a file."""
    if request.param == "sqlite":
        yield "sqlite://"
        return
    server = request.getfixturevalue(f"{request.param}_server")
    name = f"{own_name()}_chat"
    yield server.empty_database(name)
    server.drop(name)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def everywhere(
    tmp_path_factory: pytest.TempPathFactory, model_site: ModelServer, lasting_database_url: str
) -> AsyncIterator[ChatApp]:
    """The application on each database engine in turn."""
    data_dir: Path = tmp_path_factory.mktemp("data")
    async with open_chat_app(data_dir, lasting_database_url, OPENAI_BASE_URL=model_site.url) as app:
        await _let_no_job_ask(app)
        yield app


async def _let_no_job_ask(app: ChatApp) -> None:
    """The model server hears what a test asks and nothing else: titles of conversations wait."""
    async with app.house.house.database.begin() as session:
        await pause(session, Queue.CONVERSATION, "the tests")
