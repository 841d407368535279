"""The base of each room's settings model.

A field `db_type` is the variable `DB_TYPE`: one rule, no table of aliases. A room declares its section; the entry floor
composes all sections and reads them once per process.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints


class Section(BaseModel):
    """Settings of one room. Immutable; every field has a description and a default."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=False, str_strip_whitespace=True)


@dataclass(frozen=True, slots=True)
class Prefixed:
    """Marks a `dict[str, str]` field that collects every variable with a prefix, names cut and lower-cased.

    `opendal_options: Annotated[dict[str, str], Prefixed("OPENDAL_")] = {}` turns `OPENDAL_FS_ROOT=x` into
    `{"fs_root": "x"}`.
    """

    prefix: str


@dataclass(frozen=True, slots=True)
class NoEffect:
    """Marks a field that is read and checked, so that old files are understood, and that changes nothing."""

    #: Why, in one sentence for a person.
    reason: str


def _split(value: Any) -> Any:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


#: Texts separated by commas.
CommaSeparated = Annotated[tuple[str, ...], BeforeValidator(_split)]

#: Whole numbers separated by commas.
WholeNumbers = Annotated[tuple[int, ...], BeforeValidator(_split)]

_UNITS = {"ms": "milliseconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")


def _to_duration(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    text = value.strip()
    try:
        if text.replace(".", "", 1).isdigit():
            return timedelta(seconds=float(text))
        if text and not _DURATION.sub("", text):
            return sum(
                (timedelta(**{_UNITS[unit]: float(number)}) for number, unit in _DURATION.findall(text)), timedelta()
            )
    except OverflowError:
        pass
    raise ValueError("accepted is a duration such as 90s, 30m or 1h30m; a number alone counts seconds")


#: A length of time: `90s`, `30m`, `1h30m`, or a number of seconds.
Duration = Annotated[timedelta, BeforeValidator(_to_duration)]
#: A public root as a person types it into a browser. It goes into pages, headers and proxy configurations.
PublicAddress = Annotated[str, StringConstraints(pattern=r"^https?://[A-Za-z0-9._~:/?#\[\]@!&()*+,=%-]+$")]
