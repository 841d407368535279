"""A storage of every driver in turn."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

import pytest

from homeport.backends.storage.port import Storage
from homeport.backends.storage.registry import open_storage
from tests.support.gaps import mark_gaps
from tests.support.s3_server import S3Server, run_s3_server
from tests.support.storage_setups import SETUPS, StorageSetup


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Turn declared gaps into strict xfails."""
    mark_gaps(items, "setup")


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Server]:
    """A real S3 server, started when the first test asks for it."""
    with run_s3_server() as server:
        yield server


@pytest.fixture(params=SETUPS, ids=lambda setup: setup.name)
def setup(request: pytest.FixtureRequest) -> StorageSetup:
    """Each driver's setup."""
    found: StorageSetup = request.param
    return found


@pytest.fixture
async def storage(setup: StorageSetup, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncGenerator[Storage]:
    """An empty storage as features get it, guards included."""
    settings = setup.settings(lambda: request.getfixturevalue("s3_server"))
    opened = await open_storage(settings, tmp_path)
    yield opened
    await opened.close()
