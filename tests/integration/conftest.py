"""Installations of one process and of several."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from tests.support.model_server import ModelServer, model_server
from tests.support.pgvector_server import PgvectorServer, run_pgvector_server
from tests.support.processes import Installation, installation

#: Many files in one request, and more than the API takes at once by default.
_UPLOADS = {"UPLOAD_FILE_BATCH_LIMIT": "500", "BATCH_UPLOAD_LIMIT": "0"}


@pytest.fixture(scope="session")
def pgvector_server() -> Iterator[PgvectorServer]:
    """A real server, started when the first test asks for it."""
    with run_pgvector_server() as server:
        yield server


@pytest.fixture
def models() -> Iterator[ModelServer]:
    """A model server of this test; its slow model gives 200 tokens in ten seconds."""
    with model_server() as server:
        yield server


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Installation]:
    """One process with the embedded defaults."""
    with installation(tmp_path, **_UPLOADS) as found:
        yield found


@pytest.fixture
def fleet_settings(
    tmp_path: Path, postgres_url: str, redis_url: str, pgvector_server: PgvectorServer
) -> dict[str, str]:
    """For several processes on an empty PostgreSQL, Redis and pgvector."""
    url = make_url(postgres_url)
    return {
        "DB_TYPE": "postgresql",
        "DB_HOST": url.host or "",
        "DB_PORT": str(url.port or 5432),
        "DB_USERNAME": url.username or "",
        "DB_PASSWORD": str(url.password or ""),
        "DB_DATABASE": url.database or "",
        "SECRET_KEY": "one key for every process of the fleet",
        "CELERY_BROKER_URL": redis_url,
        "VECTOR_STORE": "pgvector",
        "VECTOR_INDEX_NAME_PREFIX": f"v_{tmp_path.name[-20:].replace('-', '_')}",
        "PGVECTOR_HOST": pgvector_server.host,
        "PGVECTOR_PORT": str(pgvector_server.port),
        "PGVECTOR_USER": "postgres",
        "PGVECTOR_DATABASE": "postgres",
        "MIGRATION_ENABLED": "false",
    }


@pytest.fixture
def embedding(models: ModelServer) -> dict[str, str]:
    """Each document needs this test's process: when that one stands still, so does indexing."""
    return {"OPENAI_API_BASE": models.url, "OPENAI_API_KEY": "k", "HOMEPORT_DEFAULT_EMBEDDING": "test-embedding"}


@pytest.fixture
def fleet(tmp_path: Path, fleet_settings: dict[str, str]) -> Iterator[Installation]:
    """Several processes; the database is migrated."""
    with installation(tmp_path, **_UPLOADS, **fleet_settings) as found:
        found.migrate()
        yield found
