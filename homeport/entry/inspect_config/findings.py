"""What a look at a configuration has found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from homeport.entry.known_settings import KnownSetting
from homeport.runtime.ops.mask import mask_text

#: problem: a process would not start, or would not work. warning: it works otherwise than the setting says.
State = Literal["problem", "warning", "ok"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence about one thing."""

    state: State
    #: Stable, for programs: `not_accepted`, `unknown`, `not_built`, …
    code: str
    sentence: str
    variable: str | None = None


def shown(known: KnownSetting | None, text: str) -> str:
    """A value for people: nothing of a secret."""
    return "(hidden)" if known is not None and known.secret else repr(mask_text(text))
