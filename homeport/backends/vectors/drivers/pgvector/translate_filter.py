"""A filter as a condition of SQL over a table of points. Keys and values are bound, never written into the text."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from homeport.backends.vectors.match_filter import NEGATED, NUMBER_SIGNS
from homeport.backends.vectors.port import Condition, Filter


class FilterWriter:
    """Writes conditions and collects what they bind, numbered after the values the statement has already."""

    def __init__(self, bound: Sequence[Any]) -> None:
        """`bound`: the values of the statement so far."""
        self.values = list(bound)

    def write(self, asked: Filter | None) -> str:
        """The condition for a filter as `clean_filter` gives it."""
        if asked is None:
            return "true"
        parts = []
        if asked.document_ids is not None:
            parts.append(f"document_id = ANY({self._bind(list(asked.document_ids))}::text[])")
        if asked.exclude_document_ids:
            parts.append(f"document_id <> ALL({self._bind(list(asked.exclude_document_ids))}::text[])")
        conditions = [f"({self._condition(condition)})" for condition in asked.conditions]
        if conditions:
            parts.append(f"({(' AND ' if asked.logic == 'and' else ' OR ').join(conditions)})")
        return " AND ".join(parts) or "true"

    def _bind(self, value: Any) -> str:
        self.values.append(value)
        return f"${len(self.values)}"

    def _condition(self, condition: Condition) -> str:
        key = f"{self._bind(condition.key)}::text"
        operator = NEGATED.get(condition.operator)
        sql = self._positive(operator or condition.operator, key, condition.value)
        # An absent key makes NULL of a comparison; here it is plainly false.
        return f"{'NOT ' if operator else ''}coalesce({sql}, false)"

    def _positive(self, operator: str, key: str, wanted: object) -> str:
        value, text, kind = f"metadata -> {key}", f"metadata ->> {key}", f"jsonb_typeof(metadata -> {key})"
        if operator == "empty":
            return f"coalesce({kind}, 'null') = 'null' OR {value} = '\"\"'"
        if operator in {"is", "in"}:
            among = wanted if isinstance(wanted, tuple) else (wanted,)
            return f"({value}) = ANY({self._bind([json.dumps(one) for one in among])}::jsonb[])"
        if operator in NUMBER_SIGNS:
            sign, number = NUMBER_SIGNS[operator], f"{self._bind(repr(wanted))}::text::numeric"
            return f"CASE WHEN {kind} = 'number' THEN ({text})::numeric {sign} {number} ELSE false END"
        looked_for = f"{self._bind(wanted)}::text"
        if operator == "contains":
            test = f"strpos({text}, {looked_for}) > 0"
        elif operator == "start with":
            test = f"starts_with({text}, {looked_for})"
        else:
            test = f"right({text}, length({looked_for})) = {looked_for}"
        return f"{kind} = 'string' AND {test}"
