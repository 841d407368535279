"""What can go wrong with a vector store, in the six words every backend family uses, and the input that is refused."""

from __future__ import annotations

from homeport.runtime.errors import HomeportError


class VectorsError(HomeportError):
    """The vector store failed in a way it did not explain."""

    code = "vectors_error"


class Misconfigured(VectorsError):
    """The vector store cannot be used as it is configured."""

    code = "vectors_misconfigured"


class Unavailable(VectorsError):
    """The vector store does not answer now."""

    code = "vectors_unavailable"
    status = 503
    temporary = True


class NotFound(VectorsError):
    """The vector store has no such dataset."""

    code = "vectors_not_found"
    status = 404


class RateLimited(VectorsError):
    """The vector store asks to be called less often."""

    code = "vectors_rate_limited"
    status = 503
    temporary = True


class Unsupported(VectorsError):
    """This vector store cannot do that."""

    code = "vectors_unsupported"
    status = 501


class Conflict(VectorsError):
    """The vector store holds something that stands in the way."""

    code = "vectors_conflict"
    status = 409


class InvalidInput(VectorsError):
    """The point, vector or filter is not accepted."""

    code = "vectors_invalid_input"
    status = 400


def unknown_dataset(dataset_id: str) -> NotFound:
    """Said when points come for a dataset nobody created."""
    return NotFound(
        f"Points came for the dataset {dataset_id!r}, which the vector store does not have.",
        hint="Create the dataset first.",
    )


def other_dimension(dataset_id: str, arrived: int, accepted: int | None) -> Conflict:
    """Said when a vector has another length than the dataset's."""
    takes = "text without vectors only" if accepted is None else f"vectors of {accepted} dimensions"
    return Conflict(
        f"A vector of {arrived} dimensions came for the dataset {dataset_id!r}, which takes {takes}.",
        hint="Use the embedding model the dataset was made with, or index the dataset again with the new one.",
    )


def other_dataset_dimension(dataset_id: str, wanted: int, present: int) -> Conflict:
    """Said when a dataset is created again with another dimension."""
    return Conflict(
        f"The dataset {dataset_id!r} was asked for with {wanted} dimensions and has {present} already.",
        hint="Drop the dataset and index it again to use another embedding model.",
    )
