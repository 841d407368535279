"""Jobs on each database engine."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.support.job_bench import Bench, open_bench


@pytest.fixture
async def bench(database_url: str) -> AsyncIterator[Bench]:
    """A job table and what surrounds it; on each engine."""
    async with open_bench(database_url) as bench:
        yield bench


@pytest.fixture
async def sqlite_bench(sqlite_url: str) -> AsyncIterator[Bench]:
    """The same where the engine makes no difference."""
    async with open_bench(sqlite_url) as bench:
        yield bench
