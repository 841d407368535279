"""A setting in words for a person: its type, its default, what it accepts."""

from __future__ import annotations

import types
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from homeport.runtime.config.section import NoEffect, Prefixed

_TYPES: dict[Any, str] = {
    bool: "true or false",
    int: "whole number",
    float: "number",
    str: "text",
    SecretStr: "secret text",
    Path: "path",
    timedelta: "duration",
    dict: "several variables",
    tuple: "list",
}
_BOUNDS = {Gt: ("gt", "above"), Ge: ("ge", "at least"), Lt: ("lt", "below"), Le: ("le", "at most")}
_LENGTHS = {MinLen: ("min_length", "at least"), MaxLen: ("max_length", "at most")}


def type_in_words(field: FieldInfo) -> str:
    """Such as `whole number`."""
    if _is_address(field):
        return "address"
    kinds = [_TYPES.get(get_origin(kind) or kind, "one of") for kind in _alternatives(field.annotation)]
    return " or ".join(dict.fromkeys(kinds))


def accepted_in_words(field: FieldInfo) -> str:
    """What is accepted beyond the type, such as `above 0`; empty when everything of the type is."""
    if _is_address(field):
        return "begins with http:// or https://"
    choices = [str(choice) for kind in _alternatives(field.annotation) for choice in _choices(kind)]
    parts = [_enumerate(choices)] if choices else _bounds(field)
    for mark in _marks(field):
        if type(mark) in _LENGTHS:
            attribute, words = _LENGTHS[type(mark)]
            parts.append(f"{words} {getattr(mark, attribute)} characters")
        elif pattern := getattr(mark, "pattern", None):
            parts.append(f"matches {pattern}")
    return ", ".join(parts)


def number_in_words(field: FieldInfo) -> str | None:
    """Such as `a whole number above 0`; None when the field is no number."""
    kind = type_in_words(field)
    if kind not in {"whole number", "number"}:
        return None
    bounds = " and ".join(_bounds(field))
    return f"a {kind}{' of' if bounds.startswith('at ') else ''} {bounds}".rstrip()


def default_in_words(field: FieldInfo) -> str:
    """The default as it would stand in a `.env` file; empty when there is none, and for secrets."""
    return "" if field.is_required() or field.default_factory is not None else value_in_words(field.default)


def value_in_words(value: object) -> str:
    """A value of a setting as it would stand in a `.env` file; a secret is not shown."""
    if value is None or isinstance(value, SecretStr | dict):
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, timedelta):
        return f"{int(value.total_seconds())}s"
    if isinstance(value, tuple | list | frozenset):
        return ",".join(str(part) for part in value)
    return str(value)


def _is_address(field: FieldInfo) -> bool:
    return any(str(getattr(mark, "pattern", "")).startswith("^https?://") for mark in _marks(field))


def _bounds(field: FieldInfo) -> list[str]:
    marks = [mark for mark in _marks(field) if type(mark) in _BOUNDS]
    return [f"{_BOUNDS[type(mark)][1]} {getattr(mark, _BOUNDS[type(mark)][0])}" for mark in marks]


def _marks(field: FieldInfo) -> list[Any]:
    """The constraints on the field itself and on the members of a union, as in `PositiveInt | None`."""
    marks = list(field.metadata)
    for kind in _alternatives(field.annotation, strip=False):
        marks += getattr(kind, "__metadata__", ())
    order = list(_BOUNDS)
    marks.sort(key=lambda mark: order.index(type(mark)) if type(mark) in order else len(order))
    return [mark for mark in marks if not isinstance(mark, Prefixed | NoEffect)]


def _alternatives(annotation: Any, *, strip: bool = True) -> list[Any]:
    origin = get_origin(annotation)
    members = get_args(annotation) if origin in {Union, types.UnionType} else (annotation,)
    stripped = [
        getattr(member, "__origin__", member) if hasattr(member, "__metadata__") else member for member in members
    ]
    return [kind for kind in (stripped if strip else members) if kind is not type(None)]


def _choices(kind: Any) -> Iterable[Any]:
    return get_args(kind) if get_origin(kind) is Literal else ()


def _enumerate(choices: list[str]) -> str:
    return choices[0] if len(choices) == 1 else f"{', '.join(choices[:-1])} or {choices[-1]}"
