"""Check what a client filled into an app's input form, as the public API words it."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from typing import Any

from homeport.features.apps.configuration import Configuration, InputField
from homeport.runtime.errors import InvalidInput

#: Whole numbers beyond this are kept as floating point: no JSON column takes them otherwise.
_LARGEST = 2**63 - 1
_TRUE, _FALSE = ("true", "1", "yes", "on"), ("false", "0", "no", "off", "")


def check_files(configuration: Configuration, files: Sequence[object] | None) -> None:
    """Files are ignored by an app that takes none. One that does raises `InvalidInput`: models get no files yet."""
    if files and configuration.takes_files:
        raise InvalidInput("files are not handed to models by this version; send the question without them.")


def check_inputs(configuration: Configuration, inputs: dict[str, Any]) -> dict[str, Any]:
    """The values of the form's fields; anything else is dropped, an absent optional one is its default or None."""
    checked: dict[str, Any] = {}
    for kind, field in configuration.fields:
        value = inputs.get(field.variable)
        if value is None:
            if field.required:
                raise InvalidInput(f"{field.variable} is required in input form")
            checked[field.variable] = field.default
            continue
        checked[field.variable] = _CHECKS.get(kind, _any)(field, value)
    return checked


def _text(field: InputField, value: Any) -> str:
    if not isinstance(value, str):
        raise InvalidInput(f"{field.variable} in input form must be a string")
    if field.max_length and len(value) > field.max_length:
        raise InvalidInput(f"{field.variable} in input form must be less than {field.max_length} characters")
    return value.replace("\x00", "")


def _select(field: InputField, value: Any) -> str:
    text = _text(field, value)
    if text not in field.options and (text or field.required):
        raise InvalidInput(f"{field.variable} in input form must be one of the following: {field.options}")
    return text


def _number(field: InputField, value: Any) -> float | int | None:
    if value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise InvalidInput(f"{field.variable} in input form must be a number")
    try:
        number = float(value)
        if isinstance(value, str) and not any(sign in value for sign in ".eE"):
            value = int(value)
    except (ValueError, OverflowError):
        raise InvalidInput(f"{field.variable} in input form must be a valid number") from None
    if not math.isfinite(number):
        raise InvalidInput(f"{field.variable} in input form must be a finite number")
    return value if isinstance(value, int) and abs(value) <= _LARGEST else number


def _checkbox(field: InputField, value: Any) -> bool:
    text = str(value).strip().lower()
    if text not in _TRUE + _FALSE:
        raise InvalidInput(f"{field.variable} in input form must be a boolean value")
    return text in _TRUE


def _json_object(field: InputField, value: Any) -> dict[str, Any]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise InvalidInput(f"{field.variable} in input form must be a JSON object") from None
    if not isinstance(value, dict):
        raise InvalidInput(f"{field.variable} in input form must be a JSON object")
    return value


def _file(field: InputField, value: Any) -> None:
    if value:
        raise InvalidInput(f"{field.variable} in input form is a file, which this version does not hand to models")


def _any(_field: InputField, value: Any) -> Any:
    return value


_CHECKS: dict[str, Callable[[InputField, Any], Any]] = {
    "text-input": _text,
    "paragraph": _text,
    "select": _select,
    "number": _number,
    "checkbox": _checkbox,
    "json_object": _json_object,
    "file": _file,
    "file-list": _file,
}
