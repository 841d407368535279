"""Read the tables beside this file. Only commands about the configuration do so, never a process that serves."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Literal, cast

from pydantic import Field, SecretStr, create_model

from homeport.runtime.config.section import CommaSeparated, Duration, Section, WholeNumbers

Status = Literal["not_built", "elsewhere", "dead"]

COLUMNS = (
    "name", "type", "default", "constraint", "section", "group", "read_by", "status", "meaning", "note",
)  # fmt: skip

_ADDRESS = r"^https?://"
_SIZE = r"^\d+(\.\d+)?[kKmMgGtT]?[bB]?$"
#: The words of the column `type`.
TYPES: dict[str, Any] = {
    "text": str,
    "secret": SecretStr,
    "int": int,
    "float": float,
    "bool": bool,
    "list": CommaSeparated,
    "ints": WholeNumbers,
    "duration": Duration,
    "path": str,
    "address": Annotated[str, Field(pattern=_ADDRESS)],
    "size": Annotated[str, Field(pattern=_SIZE)],
}
#: The signs of the column `constraint`; the longer ones first.
_BOUNDS = {">=": "ge", "<=": "le", ">": "gt", "<": "lt"}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table. `default` is empty when there is none; `choice` as type puts a|b|c under `constraint`."""

    name: str
    type: str
    default: str
    constraint: str
    section: str
    group: str
    read_by: str
    status: Status
    meaning: str
    note: str


def read_tables() -> Iterator[Row]:
    """Every row of every table, in the order of the files' names."""
    folder = files(__package__)
    for table in sorted(file.name for file in folder.iterdir() if file.name.endswith(".csv")):
        lines = folder.joinpath(table).read_text(encoding="utf-8").splitlines()
        for values in csv.DictReader(lines):
            yield Row(**cast("dict[str, Any]", values))


@cache
def as_section(row: Row) -> type[Section]:
    """A section with one field, so that recognised values are checked and described like the ones that work."""
    kind, bounds = TYPES.get(row.type), {}
    if row.type == "choice":
        kind = Literal[tuple(row.constraint.split("|"))]
    elif row.constraint:
        sign = next(sign for sign in _BOUNDS if row.constraint.startswith(sign))
        number = row.constraint.removeprefix(sign)
        bounds[_BOUNDS[sign]] = float(number) if "." in number else int(number)
    field = Field(None, description=row.meaning, **cast("dict[str, Any]", bounds))
    fields: dict[str, Any] = {row.name.lower(): (kind, field)}
    return create_model(row.section or "Other", __base__=Section, **fields)
