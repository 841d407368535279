"""Every setting with its value, and where that comes from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from homeport.entry.inspect_config.find_faults import is_foreign
from homeport.entry.inspect_config.guess_name import is_default
from homeport.entry.known_settings import KnownSetting, find, known_settings
from homeport.runtime.config.sources import Sources, Value
from homeport.runtime.ops.mask import MASK, mask_text


@dataclass(frozen=True, slots=True)
class Setting:
    """One variable as this process would read it."""

    name: str
    #: Masked where it is secret.
    value: str
    #: Such as `environment`, `file .env` or `default`.
    origin: str
    #: Whether the value is that of the default, set or not.
    default: bool
    #: As `KnownSetting.status`.
    status: str


def list_values(sources: Sources) -> Iterator[Setting]:
    """Variables that work, set or not, and recognised ones that are set; in the order of the reference."""
    for known in known_settings().values():
        if known.prefix:
            yield from _with_prefix(known, sources)
            continue
        try:
            value = sources.get(known.name)
        except (OSError, UnicodeDecodeError) as error:
            yield Setting(known.name, f"(cannot be read: {error})", f"{known.name}_FILE", False, known.status)
            continue
        if value is not None and not is_foreign(known, value):
            yield _setting(known, value)
        elif known.status == "works":
            yield Setting(known.name, known.default, "default", True, known.status)


def _with_prefix(known: KnownSetting, sources: Sources) -> Iterator[Setting]:
    for name, value in sorted(sources.with_prefix(known.name)):
        found = known_settings().get(name) or find(name)
        if found is not None and name not in known_settings():
            yield _setting(found, value)


def _setting(known: KnownSetting, value: Value) -> Setting:
    text = MASK if known.secret else mask_text(value.text)
    return Setting(known.name, text, value.origin, is_default(known, value.text), known.status)
