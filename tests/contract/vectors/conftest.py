"""A vector store of every driver in turn, and the reference beside it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from homeport.backends.vectors.port import VectorStore
from homeport.backends.vectors.registry import open_vectors
from homeport.backends.vectors.settings import VectorSettings
from tests.support.gaps import mark_gaps
from tests.support.pgvector_server import PgvectorServer, run_pgvector_server
from tests.support.vector_setups import SETUPS, VectorSetup


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Turn declared gaps into strict xfails."""
    mark_gaps(items, "setup")


@pytest.fixture(scope="session")
def pgvector_server() -> Iterator[PgvectorServer]:
    """A real server, started when the first test asks for it."""
    with run_pgvector_server() as server:
        yield server


@pytest.fixture(params=SETUPS, ids=lambda setup: setup.name)
def setup(request: pytest.FixtureRequest) -> VectorSetup:
    """Each driver's setup."""
    found: VectorSetup = request.param
    return found


@pytest.fixture
async def open_again(
    setup: VectorSetup, tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncGenerator[Callable[[], Awaitable[VectorStore]]]:
    """Opens the same place each time, as another process would."""
    settings = setup.settings(lambda: request.getfixturevalue("pgvector_server"))
    opened: list[VectorStore] = []

    async def call() -> VectorStore:
        opened.append(await open_vectors(settings, tmp_path))
        return opened[-1]

    yield call
    for store in opened:
        await store.close()


@pytest.fixture
async def vectors(open_again: Callable[[], Awaitable[VectorStore]]) -> VectorStore:
    """An empty store as features get it, guards included."""
    return await open_again()


@pytest.fixture
async def reference(tmp_path: Path) -> VectorStore:
    """The memory driver, which every answer is compared with."""
    return await open_vectors(VectorSettings(vector_store="memory"), tmp_path)
