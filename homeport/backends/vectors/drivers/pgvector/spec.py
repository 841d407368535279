"""What the pgvector driver is."""

from __future__ import annotations

from pydantic import Field, PositiveInt, SecretStr

from homeport.backends.vectors.capabilities import Capabilities
from homeport.backends.vectors.choice import VectorChoice
from homeport.backends.vectors.spec import DriverSpec


class PgvectorSettings(VectorChoice):
    """With VECTOR_STORE=pgvector: which PostgreSQL server and database, and as whom."""

    pgvector_host: str | None = Field(None, description="Host of the PostgreSQL server, or the folder of its socket.")
    pgvector_port: PositiveInt = Field(5433, description="Port of the PostgreSQL server.", le=65_535)
    pgvector_user: str | None = Field(None, description="User of the PostgreSQL server.")
    pgvector_password: SecretStr | None = Field(None, description="Password of the user.")
    pgvector_database: str | None = Field(None, description="Database, in which the user may create tables.")
    pgvector_min_connection: PositiveInt = Field(1, description="Connections kept open.")
    pgvector_max_connection: PositiveInt = Field(5, description="Most connections at once.")
    pgvector_ef_search: PositiveInt = Field(
        100, description="Candidates the index looks at in a search; more find better and slower.", le=1000
    )


SPEC = DriverSpec(
    name="pgvector",
    settings=PgvectorSettings,
    # The dimension is the limit of the column type; above 4000 there is no index, see driver.py.
    capabilities=Capabilities(full_text=True, durable=True, shared=True, exact=False, largest_dimension=16_000),
    extra="postgres",
)
