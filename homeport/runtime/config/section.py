"""The base of each room's settings model.

A field `db_type` is the variable `DB_TYPE`: one rule, no table of aliases. A room declares its section; the entry floor
composes all sections and reads them once per process.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict


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


def _split(value: Any) -> Any:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


#: Texts separated by commas.
CommaSeparated = Annotated[tuple[str, ...], BeforeValidator(_split)]
