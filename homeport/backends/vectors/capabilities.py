"""What a vector store driver can do."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Capabilities:
    """Abilities and limits of one driver, known before it is opened."""

    #: Searches by words.
    full_text: bool
    #: What is stored outlives the process.
    durable: bool
    #: Several machines may use the same points.
    shared: bool
    #: A search by vector finds the true nearest points, not most of them.
    exact: bool
    largest_dimension: int
    largest_top_k: int = 1000
