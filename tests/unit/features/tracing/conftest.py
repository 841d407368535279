"""The whole application, a model server, and observability services."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.support.chat_app import ChatApp, open_chat_app
from tests.support.chat_fixtures import lasting_database_url, model_site, models
from tests.support.model_server import ModelServer
from tests.support.traced_app import OPENED
from tests.support.tracing_services import Langfuse, running

__all__ = ["lasting_database_url", "model_site", "models"]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chat(tmp_path_factory: pytest.TempPathFactory, model_site: ModelServer) -> AsyncIterator[ChatApp]:
    """On SQLite."""
    variables = {"OPENAI_BASE_URL": model_site.url, **OPENED}
    async with open_chat_app(tmp_path_factory.mktemp("data"), set_up=True, **variables) as app:
        yield app


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def everywhere(
    tmp_path_factory: pytest.TempPathFactory, model_site: ModelServer, lasting_database_url: str
) -> AsyncIterator[ChatApp]:
    """On each database engine in turn."""
    data_dir: Path = tmp_path_factory.mktemp("data")
    variables = {"OPENAI_BASE_URL": model_site.url, **OPENED}
    async with open_chat_app(data_dir, lasting_database_url, set_up=True, **variables) as app:
        yield app


@pytest.fixture
def langfuse() -> Iterator[Langfuse]:
    """A service on loopback."""
    service = Langfuse()
    with running(service):
        yield service
