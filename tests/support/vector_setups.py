"""How the contract suite sets up each vector store driver, and which promises the driver does not keep."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar, Protocol
from uuid import uuid4

from homeport.backends.vectors.settings import VectorSettings
from tests.support.gaps import Gap, Kind
from tests.support.pgvector_server import PgvectorServer


class VectorSetup(Protocol):
    """One driver under test."""

    name: ClassVar[str]
    gaps: ClassVar[Mapping[str, Gap]]

    def settings(self, pgvector_server: Callable[[], PgvectorServer]) -> VectorSettings:
        """Settings that open an empty store; `pgvector_server` starts that server when it is called."""
        ...


class MemorySetup:
    """The memory of the test process."""

    name: ClassVar[str] = "memory"
    gaps: ClassVar[Mapping[str, Gap]] = {
        "test_points_outlive_the_store_that_stored_them": Gap(
            Kind.NEVER, AssertionError, "memory ends with the process"
        ),
    }

    def settings(self, pgvector_server: Callable[[], PgvectorServer]) -> VectorSettings:  # noqa: ARG002 - all alike
        """Chosen by name; it has no settings."""
        return VectorSettings(vector_store="memory")


class SqliteSetup:
    """A file under the test's own data directory."""

    name: ClassVar[str] = "sqlite"
    gaps: ClassVar[Mapping[str, Gap]] = {}

    def settings(self, pgvector_server: Callable[[], PgvectorServer]) -> VectorSettings:  # noqa: ARG002 - all alike
        """The default of a fresh installation."""
        return VectorSettings()


class PgvectorSetup:
    """Tables of a new prefix on a real server."""

    name: ClassVar[str] = "pgvector"
    gaps: ClassVar[Mapping[str, Gap]] = {}

    def settings(self, pgvector_server: Callable[[], PgvectorServer]) -> VectorSettings:
        """The PGVECTOR_* settings."""
        server = pgvector_server()
        return VectorSettings.model_validate(
            {
                "vector_store": "pgvector",
                "vector_index_name_prefix": f"test_{uuid4().hex[:12]}",
                "pgvector_host": server.host,
                "pgvector_port": server.port,
                "pgvector_user": "postgres",
                "pgvector_database": "postgres",
            }
        )


SETUPS: tuple[VectorSetup, ...] = (MemorySetup(), SqliteSetup(), PgvectorSetup())
