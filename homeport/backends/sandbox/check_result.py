"""Holds what code gave back to what its author declared, and to the limits of the settings."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from homeport.backends.sandbox.errors import InvalidResult
from homeport.backends.sandbox.settings import SandboxSettings

_LIMIT = "{name} is the limit."


@dataclass(frozen=True, slots=True)
class Declared:
    """An output: its type as an app's definition words it, and for an object what is in it."""

    type: str
    children: Mapping[str, Declared] = field(default_factory=dict)


class ResultCheck:
    """Checks results; made once."""

    def __init__(self, settings: SandboxSettings) -> None:
        """The limits are those of CODE_MAX_*."""
        self._settings = settings

    def declared(self, result: Mapping[str, Any], outputs: Mapping[str, Declared]) -> dict[str, Any]:
        """What of `result` is declared, each of its type or null; other keys are dropped.

        Without declared outputs every key is kept whose value is of a type that there is. Raises `InvalidResult` with
        the path of the first value that is not accepted.
        """
        if not outputs:
            return {key: self._guess(value, key, 1) for key, value in result.items()}
        return self._object(result, outputs, "", 1)

    def _object(self, value: Any, children: Mapping[str, Declared], path: str, depth: int) -> dict[str, Any]:
        self._deep(path, depth)
        if not isinstance(value, Mapping):
            raise _wrong(path, value, "an object")
        if not children:
            return {str(key): self._guess(one, _at(path, key), depth + 1) for key, one in value.items()}
        found = {}
        for name, declared in children.items():
            place = _at(path, name)
            if name not in value:
                raise InvalidResult(f"The result has no {place}, which is declared as an output.")
            found[name] = self._typed(value[name], declared, place, depth)
        return found

    def _typed(self, value: Any, declared: Declared, path: str, depth: int) -> Any:
        if value is None:
            return None
        kind = declared.type
        if kind == "object":
            return self._object(value, declared.children, path, depth + 1)
        if kind.startswith("array[") and kind.endswith("]"):
            return self._list(value, kind[len("array[") : -1], declared, path, depth)
        checks = {"string": self._text, "number": self._number, "boolean": _boolean}
        if kind not in checks:
            raise InvalidResult(f"The output {path} is declared as {kind!r}, which is no type of an output.")
        return checks[kind](value, path)

    def _list(self, value: Any, of: str, declared: Declared, path: str, depth: int) -> list[Any]:
        if not isinstance(value, list):
            raise _wrong(path, value, "a list")
        settings = self._settings
        most, name = {
            "string": (settings.code_max_string_array_length, "CODE_MAX_STRING_ARRAY_LENGTH"),
            "object": (settings.code_max_object_array_length, "CODE_MAX_OBJECT_ARRAY_LENGTH"),
        }.get(of, (settings.code_max_number_array_length, "CODE_MAX_NUMBER_ARRAY_LENGTH"))
        if len(value) > most:
            raise InvalidResult(
                f"The result has {len(value)} values in {path}; accepted are up to {most}.",
                hint=_LIMIT.format(name=name),
            )
        one = Declared(of, declared.children)
        return [self._typed(item, one, f"{path}[{place}]", depth) for place, item in enumerate(value)]

    def _guess(self, value: Any, path: str, depth: int) -> Any:
        """A value of whatever type it is."""
        self._deep(path, depth)
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, str):
            return self._text(value, path)
        if isinstance(value, int | float):
            return self._number(value, path)
        if isinstance(value, list):
            return self._list_of_any(value, path, depth)
        return self._object(value, {}, path, depth)

    def _list_of_any(self, value: list[Any], path: str, depth: int) -> list[Any]:
        kinds = {type(item) for item in value if item is not None}
        of = "string" if kinds == {str} else "object" if kinds == {dict} else "number"
        if kinds <= {str} or kinds <= {dict} or kinds <= {int, float} or kinds <= {bool}:
            self._list([None] * len(value), of, Declared(of), path, depth)
            return [self._guess(item, f"{path}[{place}]", depth + 1) for place, item in enumerate(value)]
        raise InvalidResult(f"The result mixes types in the list {path}; accepted is a list of one type.")

    def _text(self, value: Any, path: str) -> str:
        if not isinstance(value, str):
            raise _wrong(path, value, "a text")
        most = self._settings.code_max_string_length
        if len(value) > most:
            raise InvalidResult(
                f"The result has a text of {len(value)} characters in {path}; accepted are up to {most}.",
                hint=_LIMIT.format(name="CODE_MAX_STRING_LENGTH"),
            )
        return value.replace("\0", "")

    def _number(self, value: Any, path: str) -> int | float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _wrong(path, value, "a number")
        settings = self._settings
        if isinstance(value, float) and not math.isfinite(value):
            raise InvalidResult(f"The result has {value} in {path}, which is no number.")
        if not settings.code_min_number <= value <= settings.code_max_number:
            raise InvalidResult(
                f"The result has a number out of range in {path}; accepted is {settings.code_min_number} to "
                f"{settings.code_max_number}.",
                hint=_LIMIT.format(name="CODE_MAX_NUMBER or CODE_MIN_NUMBER"),
            )
        if isinstance(value, float) and _places(value) > settings.code_max_precision:
            raise InvalidResult(
                f"The result has a number with {_places(value)} decimal places in {path}; accepted are up to "
                f"{settings.code_max_precision}.",
                hint=_LIMIT.format(name="CODE_MAX_PRECISION"),
            )
        return value

    def _deep(self, path: str, depth: int) -> None:
        if depth > self._settings.code_max_depth:
            raise InvalidResult(
                f"The result is nested deeper than {self._settings.code_max_depth} levels at {path}.",
                hint=_LIMIT.format(name="CODE_MAX_DEPTH"),
            )


def _boolean(value: Any, path: str) -> bool:
    if isinstance(value, bool):
        return value
    # Languages in which a condition gives a number.
    if isinstance(value, int) and value in (0, 1):
        return bool(value)
    raise _wrong(path, value, "true or false")


def _places(value: float) -> int:
    exponent = Decimal(repr(value)).as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _at(path: str, name: Any) -> str:
    return f"{path}.{name}" if path else str(name)


def _wrong(path: str, value: Any, accepted: str) -> InvalidResult:
    kinds = {
        str: "a text",
        bool: "true or false",
        int: "a number",
        float: "a number",
        list: "a list",
        dict: "an object",
    }
    return InvalidResult(
        f"The result has {kinds.get(type(value), 'nothing')} in {path or 'it'}; accepted is {accepted}."
    )
