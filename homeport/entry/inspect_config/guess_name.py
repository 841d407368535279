"""Names that are not known, and the ones that were probably meant."""

from __future__ import annotations

import difflib
import re
from functools import cache

from homeport.entry.known_settings import KnownSetting, find, known_settings

_ALIKE = 0.8
_OTHER_NAME = re.compile(r"Set ([A-Z][A-Z0-9_]+)\b")


def meant_by(name: str) -> str | None:
    """The known name that `name` is most like; None when none is alike."""
    close = difflib.get_close_matches(name.upper(), list(known_settings()), n=1, cutoff=_ALIKE)
    return close[0] if close else None


def is_probably_ours(name: str) -> bool:
    """Whether an unknown name looks as if it were meant for this system rather than for another program."""
    return find(name) is None and (name.partition("_")[0].upper() in _first_words() or meant_by(name) is not None)


def unknown_in_words(name: str) -> str:
    """`is unknown`, and what may have been meant."""
    meant = meant_by(name)
    return "is unknown" if meant is None else f"is unknown; did you mean {meant}?"


def new_name_of(known: KnownSetting) -> str | None:
    """The variable that stands in the place of a dead one."""
    found = _OTHER_NAME.match(known.note) if known.status == "dead" else None
    return found.group(1) if found else None


def is_default(known: KnownSetting, text: str) -> bool:
    """Whether `text` says the same as the default, however it is written."""
    return _plain(text) == _plain(known.default)


@cache
def _first_words() -> frozenset[str]:
    return frozenset(name.partition("_")[0] for name in known_settings() if "_" in name)


def _plain(text: str) -> object:
    text = text.strip().rstrip("/")
    if text.lower() in ("true", "yes", "on"):
        return True
    if text.lower() in ("false", "no", "off"):
        return False
    try:
        return float(text)
    except ValueError:
        return tuple(part.strip() for part in text.split(","))
