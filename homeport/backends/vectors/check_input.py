"""Bring what callers give into the one form drivers get, and refuse what no store could keep."""

from __future__ import annotations

import math
import re
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from homeport.backends.vectors.errors import InvalidInput
from homeport.backends.vectors.port import Condition, Filter, MetadataValue, Point

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_LONGEST_ID = 255
_MOST_CONDITIONS = 200
_SHOWN = 60
_INT64 = 2**63

_TEXT_OPERATORS = frozenset({"contains", "not contains", "start with", "end with"})
_NUMBER_OPERATORS = frozenset({"=", "≠", "<", ">", "≤", "≥", "before", "after"})
_LIST_OPERATORS = frozenset({"in", "not in"})
_PLAIN_OPERATORS = frozenset({"is", "is not"})
_BARE_OPERATORS = frozenset({"empty", "not empty"})


def clean_text(text: str) -> str:
    """The text with U+FFFD for what not every store can keep: NUL and halves of characters."""
    return text if text.isascii() and "\x00" not in text else _UNSTORABLE.sub("\ufffd", text)


def check_id(what: str, text: str) -> None:
    """Raise `InvalidInput` unless `text` can be the id of `what`: 1 to 255 characters that every store keeps."""
    if not 0 < len(text) <= _LONGEST_ID or _UNSTORABLE.search(text):
        raise InvalidInput(
            f"The {what} id {text[:_SHOWN]!r} is not accepted; accepted are 1 to {_LONGEST_ID} characters without NUL."
        )


def check_dimension(dimension: int, largest: int) -> None:
    """Raise `InvalidInput` unless a vector of this store may have so many dimensions."""
    if not 1 <= dimension <= largest:
        raise InvalidInput(
            f"A vector of {dimension} dimensions arrived; this vector store takes 1 to {largest}.",
            hint="Choose another embedding model or another VECTOR_STORE.",
        )


def pack_vector(vector: Sequence[float]) -> array[float]:
    """The numbers as 32-bit floats; raises `InvalidInput` when one is not finite in them."""
    packed = vector if isinstance(vector, array) and vector.typecode == "f" else array("f", vector)
    # A sum of finite 32-bit floats is finite in 64 bits; one infinity or NaN spoils it.
    if not math.isfinite(sum(packed)):
        raise InvalidInput("A vector has a number that is infinite or none at all; accepted are finite 32-bit floats.")
    return packed


def clean_points(points: Sequence[Point], largest_dimension: int) -> list[Point]:
    """The points in the form drivers get: checked ids, clean texts, packed vectors; the last of equal ids stays."""
    cleaned: dict[tuple[str, str], Point] = {}
    for point in points:
        check_id("point", point.id)
        check_id("dataset", point.dataset_id)
        check_id("document", point.document_id)
        vector = None if point.vector is None else pack_vector(point.vector)
        if vector is not None:
            check_dimension(len(vector), largest_dimension)
        cleaned[point.dataset_id, point.id] = replace(
            point, text=clean_text(point.text), vector=vector, metadata=_clean_metadata(point.metadata)
        )
    return list(cleaned.values())


def clean_filter(asked: Filter | None) -> Filter | None:
    """The filter with values of the types its operators look at; None when it allows everything."""
    if asked is None or not (asked.conditions or asked.exclude_document_ids or asked.document_ids is not None):
        return None
    if asked.logic not in {"and", "or"}:
        raise InvalidInput(f"The logic of a filter is {asked.logic!r}; accepted are 'and' and 'or'.")
    if len(asked.conditions) > _MOST_CONDITIONS:
        raise InvalidInput(f"A filter has {len(asked.conditions)} conditions; accepted are up to {_MOST_CONDITIONS}.")
    return replace(
        asked,
        conditions=tuple(_clean_condition(condition) for condition in asked.conditions),
        document_ids=None if asked.document_ids is None else tuple(map(clean_text, asked.document_ids)),
        exclude_document_ids=tuple(map(clean_text, asked.exclude_document_ids)),
    )


def _clean_metadata(metadata: Mapping[str, MetadataValue]) -> dict[str, MetadataValue]:
    return {clean_text(key): _clean_value(key, value) for key, value in metadata.items()}


def _clean_value(key: str, value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, int) and -_INT64 <= value < _INT64:
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    raise InvalidInput(
        f"The metadata value {str(value)[:_SHOWN]!r} of {key[:_SHOWN]!r} is not accepted;"
        " accepted are text, whole numbers of 64 bits, finite numbers, true, false and nothing."
    )


def _clean_condition(condition: Condition) -> Condition:
    key, operator, value = clean_text(condition.key), condition.operator, condition.value
    if operator in _BARE_OPERATORS:
        return Condition(key, operator)
    if operator in _LIST_OPERATORS:
        if isinstance(value, tuple | list) and None not in value:
            return Condition(key, operator, tuple(_clean_value(key, one) for one in value))
        raise _wrong_value(condition, "a list of values")
    if operator in _NUMBER_OPERATORS:
        return Condition(key, operator, _number(condition))
    if operator in _TEXT_OPERATORS:
        if not isinstance(value, str):
            raise _wrong_value(condition, "a text")
        return Condition(key, operator, clean_text(value))
    if operator not in _PLAIN_OPERATORS:
        raise InvalidInput(f"The operator {operator!r} of a metadata filter is unknown.")
    if value is None or isinstance(value, tuple | list):
        raise _wrong_value(condition, "one value")
    return Condition(key, operator, _clean_value(key, value))


def _number(condition: Condition) -> int | float:
    value = condition.value
    try:
        if isinstance(value, str):
            number: Any = float(value) if not value.strip().lstrip("+-").isdecimal() else int(value)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            number = value
        else:
            raise _wrong_value(condition, "a number")
    except ValueError:
        raise _wrong_value(condition, "a number") from None
    cleaned: int | float = _clean_value(condition.key, number)
    return cleaned


def _wrong_value(condition: Condition, accepted: str) -> InvalidInput:
    return InvalidInput(
        f"The metadata filter {condition.key[:_SHOWN]!r} {condition.operator} has the value"
        f" {str(condition.value)[:_SHOWN]!r}; accepted is {accepted}."
    )
