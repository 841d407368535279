"""Turn sources into sections, and every wrong value into one sentence; all of them at once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from homeport.runtime.config.describe import number_in_words
from homeport.runtime.config.errors import ConfigurationError
from homeport.runtime.config.section import Prefixed, Section
from homeport.runtime.config.sources import Sources, Value

#: What pydantic words for programmers, in words for a person.
_ACCEPTED = {
    "bool_parsing": "true or false",
    "int_parsing": "whole numbers, separated by commas",
    "string_pattern_mismatch": "a text that matches {pattern}",
    "string_too_long": "a text of at most {max_length} characters",
    "string_too_short": "a text of at least {min_length} characters",
    "too_long": "a text of at most {max_length} characters",
    "too_short": "a text of at least {min_length} characters",
}

#: What pydantic says of numbers.
_NUMBERS = ("int_", "float_", "finite_", "greater_", "less_")
#: The password in an address.
_PASSWORD = re.compile(r"(://[^/@\s:]*:)\S*@")

Tree = TypeVar("Tree", bound=BaseModel)


def load(tree: type[Tree], sources: Sources) -> Tree:
    """Fill every section of `tree` from `sources`.

    `tree` is a model whose fields are `Section`s. Raises `ConfigurationError` with one sentence per wrong value.
    """
    problems: list[str] = []
    sections: dict[str, Any] = {}
    for name, field in tree.model_fields.items():
        section = field.annotation
        assert isinstance(section, type)
        assert issubclass(section, Section)
        found, unreadable = _collect(section, sources)
        problems += unreadable
        try:
            sections[name] = section.model_validate(_raw(found))
        except ValidationError as error:
            problems += [_sentence(section, details, found) for details in error.errors(include_url=False)]
    if problems:
        raise ConfigurationError(problems)
    return tree.model_construct(**sections)


def check_value(section: type[Section], name: str, value: Value) -> str | None:
    """What is wrong with `value` for the field `name` of `section`, in one sentence; None when it is accepted."""
    try:
        section.model_validate({name: value.text})
    except ValidationError as error:
        for details in error.errors(include_url=False):
            if details["loc"] and details["loc"][0] == name:
                return _sentence(section, details, {name: value})
    return None


def is_secret(field: FieldInfo) -> bool:
    """Whether values of `field` are never shown."""
    return field.annotation is SecretStr or SecretStr in get_args(field.annotation)


def _collect(section: type[Section], sources: Sources) -> tuple[dict[str, Value | dict[str, Value]], list[str]]:
    found: dict[str, Value | dict[str, Value]] = {}
    unreadable: list[str] = []
    for name, field in section.model_fields.items():
        prefixed = next((mark for mark in field.metadata if isinstance(mark, Prefixed)), None)
        if prefixed is not None:
            found[name] = _collect_prefixed(prefixed.prefix, sources, unreadable)
            continue
        value = _read(name.upper(), sources, unreadable)
        if value is not None:
            found[name] = value
    return found, unreadable


def _collect_prefixed(prefix: str, sources: Sources, unreadable: list[str]) -> dict[str, Value]:
    names = dict.fromkeys(name.removesuffix("_FILE") for name, _ in sources.with_prefix(prefix))
    values = {name: _read(name, sources, unreadable) for name in names}
    return {name.removeprefix(prefix).lower(): value for name, value in values.items() if value is not None}


def _read(name: str, sources: Sources, unreadable: list[str]) -> Value | None:
    try:
        return sources.get(name)
    except (OSError, UnicodeDecodeError) as error:
        reason = f"{error.filename}, {error.strerror}" if isinstance(error, OSError) else "it is no text"
        unreadable.append(f"{name}_FILE names a file that cannot be read: {reason}.")
        return None


def _raw(found: Mapping[str, Value | dict[str, Value]]) -> dict[str, Any]:
    return {
        name: value.text if isinstance(value, Value) else {key: one.text for key, one in value.items()}
        for name, value in found.items()
    }


def _sentence(section: type[Section], details: ErrorDetails, found: Mapping[str, Value | dict[str, Value]]) -> str:
    name = str(details["loc"][0]) if details["loc"] else ""
    value = found.get(name)
    if not isinstance(value, Value):
        # Found by looking at several variables; the validator names them.
        message = _accepted(details, None)
        return f"{name.upper()}: {message}." if name else f"{message[0].upper()}{message[1:]}."
    field = section.model_fields[name]
    shown = "(hidden)" if is_secret(field) else repr(_PASSWORD.sub(r"\1***@", value.text))
    return f"{name.upper()} is {shown} (from {value.origin}): {_accepted(details, field)}."


def _accepted(details: ErrorDetails, field: FieldInfo | None) -> str:
    kind, context = details["type"], details.get("ctx", {})
    if kind == "value_error":
        return details["msg"].removeprefix("Value error, ").rstrip(".")
    if context.get("pattern", "").startswith("^https?://"):
        return "accepted is an address that begins with http:// or https://"
    if kind.startswith(_NUMBERS) and field is not None and (number := number_in_words(field)):
        return f"accepted is {number}"
    if kind in _ACCEPTED:
        return f"accepted is {_ACCEPTED[kind].format(**context)}"
    message = details["msg"].removeprefix("Input should be ")
    return f"accepted is {message}" if message != details["msg"] else message[0].lower() + message[1:]
