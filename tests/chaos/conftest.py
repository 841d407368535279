"""A vector store that a fleet shares."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.pgvector_server import PgvectorServer, run_pgvector_server


@pytest.fixture(scope="session")
def pgvector_server() -> Iterator[PgvectorServer]:
    """A real server, started when the first test asks for it."""
    with run_pgvector_server() as server:
        yield server
