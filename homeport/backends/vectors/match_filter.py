"""Decide in Python whether a filter allows a point: the meaning that drivers translate for their stores."""

from __future__ import annotations

import operator as compare
from collections.abc import Callable, Mapping
from typing import Any

from homeport.backends.vectors.port import Condition, Filter, MetadataValue

#: Operators that are true exactly where another one is not.
NEGATED = {"is not": "is", "not in": "in", "not contains": "contains", "≠": "=", "not empty": "empty"}
#: Operators that compare numbers, as SQL writes them.
NUMBER_SIGNS = {"=": "=", "<": "<", ">": ">", "≤": "<=", "≥": ">=", "before": "<", "after": ">"}

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": compare.eq,
    "<": compare.lt,
    ">": compare.gt,
    "<=": compare.le,
    ">=": compare.ge,
}


def allows(asked: Filter, document_id: str, metadata: Mapping[str, MetadataValue]) -> bool:
    """Whether the filter, as `clean_filter` gives it, allows a point of this document with this metadata."""
    if asked.document_ids is not None and document_id not in asked.document_ids:
        return False
    if document_id in asked.exclude_document_ids:
        return False
    together = all if asked.logic == "and" else any
    return not asked.conditions or together(_holds(condition, metadata) for condition in asked.conditions)


def _holds(condition: Condition, metadata: Mapping[str, MetadataValue]) -> bool:
    operator = NEGATED.get(condition.operator)
    if operator is not None:
        return not _positive(operator, condition, metadata)
    return _positive(condition.operator, condition, metadata)


def _positive(operator: str, condition: Condition, metadata: Mapping[str, MetadataValue]) -> bool:
    present, wanted = metadata.get(condition.key), condition.value
    if operator == "empty":
        return present is None or present == ""
    if operator == "is":
        return _same(present, wanted)
    if operator == "in":
        assert isinstance(wanted, tuple)
        return any(_same(present, one) for one in wanted)
    if operator in NUMBER_SIGNS:
        return _is_number(present) and _compares(NUMBER_SIGNS[operator], present, wanted)
    if not isinstance(present, str):
        return False
    assert isinstance(wanted, str)
    if operator == "contains":
        return wanted in present
    return present.startswith(wanted) if operator == "start with" else present.endswith(wanted)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _same(present: object, wanted: object) -> bool:
    if _is_number(present) and _is_number(wanted):
        return present == wanted
    return type(present) is type(wanted) and present == wanted


def _compares(sign: str, present: object, wanted: object) -> bool:
    return _COMPARE[sign](present, wanted)
