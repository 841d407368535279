"""A filter as a condition of SQL over the table `point`. Keys and values are bound, never written into the text."""

from __future__ import annotations

import json

from homeport.backends.vectors.match_filter import NEGATED, NUMBER_SIGNS
from homeport.backends.vectors.port import Condition, Filter

Value = str | int | float

#: `?` stands for the path of the key.
_TYPE = "json_type(point.metadata, ?)"
_VALUE = "json_extract(point.metadata, ?)"
_IS_TEXT = f"{_TYPE} = 'text'"
_IS_NUMBER = f"{_TYPE} IN ('integer', 'real')"
_AMONG = "IN (SELECT value FROM json_each(?))"


def translate_filter(asked: Filter) -> tuple[str, list[Value]]:
    """Condition and values to bind, for a filter as `clean_filter` gives it."""
    parts: list[str] = []
    values: list[Value] = []
    if asked.document_ids is not None:
        parts.append(f"point.document_id {_AMONG}")
        values.append(json.dumps(asked.document_ids))
    if asked.exclude_document_ids:
        parts.append(f"point.document_id NOT {_AMONG}")
        values.append(json.dumps(asked.exclude_document_ids))
    conditions = []
    for condition in asked.conditions:
        sql, bound = _condition(condition)
        conditions.append(f"({sql})")
        values += bound
    if conditions:
        parts.append(f"({(' AND ' if asked.logic == 'and' else ' OR ').join(conditions)})")
    return " AND ".join(parts) or "1", values


def _condition(condition: Condition) -> tuple[str, list[Value]]:
    path = f"$.{json.dumps(condition.key, ensure_ascii=False)}"
    operator = NEGATED.get(condition.operator)
    sql, values = _positive(operator or condition.operator, path, condition.value)
    # An absent key makes NULL of a comparison; here it is plainly false.
    return f"{'NOT ' if operator else ''}ifnull({sql}, 0)", values


def _positive(operator: str, path: str, wanted: object) -> tuple[str, list[Value]]:
    if operator == "empty":
        return f"ifnull({_TYPE}, 'null') = 'null' OR ({_IS_TEXT} AND {_VALUE} = '')", [path, path, path]
    if operator == "is":
        return _any_of((wanted,), path)
    if operator == "in":
        assert isinstance(wanted, tuple)
        return _any_of(wanted, path)
    if operator in NUMBER_SIGNS:
        assert isinstance(wanted, int | float)
        return f"{_IS_NUMBER} AND {_VALUE} {NUMBER_SIGNS[operator]} ?", [path, path, wanted]
    assert isinstance(wanted, str)
    if operator == "contains":
        return f"{_IS_TEXT} AND instr({_VALUE}, ?) > 0", [path, path, wanted]
    if operator == "start with":
        return f"{_IS_TEXT} AND substr({_VALUE}, 1, ?) = ?", [path, path, len(wanted), wanted]
    if not wanted:
        return _IS_TEXT, [path]
    return f"{_IS_TEXT} AND substr({_VALUE}, ?) = ?", [path, path, -len(wanted), wanted]


def _any_of(wanted: tuple[object, ...], path: str) -> tuple[str, list[Value]]:
    """Each kind with its own, for SQLite takes true for 1."""
    truths = [json.dumps(one) for one in wanted if isinstance(one, bool)]
    texts = [one for one in wanted if isinstance(one, str)]
    numbers = [one for one in wanted if isinstance(one, int | float) and not isinstance(one, bool)]
    sql = f"{_TYPE} {_AMONG} OR ({_IS_TEXT} AND {_VALUE} {_AMONG}) OR ({_IS_NUMBER} AND {_VALUE} {_AMONG})"
    return sql, [path, json.dumps(truths), path, path, json.dumps(texts), path, path, json.dumps(numbers)]
