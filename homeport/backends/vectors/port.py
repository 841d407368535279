"""What every vector store promises: the points of a dataset, found by meaning (vector) and by words (full text)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from homeport.backends.vectors.capabilities import Capabilities

#: A value in the metadata of a point. Numbers are finite, integers fit in 64 bits.
MetadataValue = str | int | float | bool | None

Operator = Literal[
    "is",
    "is not",
    "in",
    "not in",
    "contains",
    "not contains",
    "start with",
    "end with",
    "=",
    "≠",
    "<",
    ">",
    "≤",
    "≥",
    "before",
    "after",
    "empty",
    "not empty",
]


@dataclass(frozen=True, slots=True)
class Point:
    """One piece of text in a dataset. Its id is unique in the dataset, not beyond."""

    id: str
    dataset_id: str
    document_id: str
    text: str
    #: As many numbers as the dataset has dimensions, kept as 32-bit floats; None: found by words only.
    vector: Sequence[float] | None = None
    metadata: Mapping[str, MetadataValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Hit:
    """One point that was found."""

    id: str
    document_id: str
    #: From 0 to 1, higher is better. By vector: cosine similarity, below 0 counted as 0. By words: BM25 divided by
    #: the most this query could reach (`rank_text.py`).
    score: float
    text: str
    metadata: Mapping[str, MetadataValue]


@dataclass(frozen=True, slots=True)
class Condition:
    """A demand on one metadata value.

    `is` and `in` compare with the type: text with text, number with number, truth with truth. The words `contains`,
    `start with` and `end with` look at text only and mind the case. The signs (and `before`, `after`: numbers of
    seconds) look at numbers only; a text that is a number is accepted as `value`. `empty` means absent, None or "".
    A negated operator is true exactly where its positive is not, so also where the value is absent.
    """

    key: str
    operator: Operator
    #: One value; a tuple of values for `in` and `not in`; unused for `empty` and `not empty`.
    value: MetadataValue | tuple[str | int | float | bool, ...] = None


@dataclass(frozen=True, slots=True)
class Filter:
    """Which points a search may find. All three parts must allow a point."""

    conditions: tuple[Condition, ...] = ()
    #: Whether all conditions must hold or any one of them. Without conditions everything is allowed.
    logic: Literal["and", "or"] = "and"
    #: None: any document. Empty: none.
    document_ids: tuple[str, ...] | None = None
    exclude_document_ids: tuple[str, ...] = ()


class VectorStore(Protocol):
    """Points by dataset. A dataset has one dimension, or none: then it holds text only.

    Every method raises `Unavailable` or `RateLimited` (temporary), `Misconfigured` and, for what can never be
    stored or asked, `InvalidInput` of `errors.py`; further errors are named at the method. What `open_vectors` gives
    has its temporary errors retried already. In texts, NUL and halves of characters become U+FFFD.
    """

    @property
    def capabilities(self) -> Capabilities:
        """What this store can do."""
        ...

    async def create(self, dataset_id: str, dimension: int | None) -> None:
        """Make room for a dataset; nothing happens when it is there.

        `dimension`: None for text only. A dataset that has none may be given one later; raises `Conflict` when it has
        another one.
        """
        ...

    async def add_texts(self, points: Sequence[Point]) -> None:
        """Store points, replacing those with the same id. All or nothing, also after a crash.

        Raises `NotFound` for a dataset that was not created, `Conflict` for a vector of another dimension.
        """
        ...

    async def delete_by_ids(self, dataset_id: str, ids: Sequence[str]) -> None:
        """Remove points; unknown ids and datasets are no error."""
        ...

    async def delete_by_document_id(self, dataset_id: str, document_id: str) -> None:
        """Remove all points of a document; an unknown document or dataset is no error."""
        ...

    async def drop(self, dataset_id: str) -> None:
        """Remove the dataset with all its points; an unknown dataset is no error."""
        ...

    async def search_by_vector(
        self,
        dataset_id: str,
        vector: Sequence[float],
        top_k: int,
        score_threshold: float | None = None,
        filter: Filter | None = None,  # noqa: A002 - the word everybody expects
    ) -> list[Hit]:
        """The `top_k` nearest points that the filter allows and that reach the threshold, best first.

        Points of equal score come in the order of their ids. A vector of zeros has no direction: it finds nothing and
        is never found. An unknown dataset and one of text only have no hits. Raises `Conflict` for a vector of another
        dimension.
        """
        ...

    async def search_by_full_text(
        self,
        dataset_id: str,
        query: str,
        top_k: int,
        filter: Filter | None = None,  # noqa: A002
    ) -> list[Hit]:
        """The `top_k` points with the most telling words of `query`, best first.

        One word in common is enough. English words are found in their other forms; scripts without blanks by pairs of
        characters; case, width and accents do not matter. No character of the query has a special meaning.
        """
        ...

    def points(self, dataset_id: str) -> AsyncIterator[Point]:
        """All points with their vectors, in the order of their ids (by code points).

        Points that others add or remove meanwhile may be missing or there; every other point comes exactly once.
        """
        ...

    async def count(self, dataset_id: str) -> int:
        """How many points the dataset has; 0 when it is unknown."""
        ...

    async def datasets(self) -> dict[str, int | None]:
        """All datasets with their dimensions."""
        ...

    async def rebuild_index(self, dataset_id: str) -> None:
        """Make the search index anew from the stored points; nothing where there is none. Takes long."""
        ...

    async def check(self) -> None:
        """Raise what stands in the way of using the store at all; nothing when it answers."""
        ...

    async def close(self) -> None:
        """Give back what is held; the store is not used afterwards. May be called twice."""
        ...
