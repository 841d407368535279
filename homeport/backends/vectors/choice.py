"""The settings that choose the driver; every driver's own section builds on them."""

from __future__ import annotations

from pydantic import Field

from homeport.runtime.config.section import Section


class VectorChoice(Section):
    """Which vector store, and how patient to be with it."""

    vector_store: str = Field(
        "sqlite",
        description="Where embeddings are kept: sqlite (a file in the data directory), pgvector or memory.",
    )
    vector_index_name_prefix: str = Field(
        "Vector_index",
        description="What the names of tables or collections in the vector store begin with.",
        pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,31}$",
    )
    vector_timeout: float = Field(60.0, gt=0, description="Seconds one call of the vector store may take.")
    vector_max_attempts: int = Field(
        4, ge=1, le=20, description="How often a vector store call is tried while it fails for a passing reason."
    )
