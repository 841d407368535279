"""How a configuration differs from the defaults, or from another `.env` file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from homeport.entry.inspect_config.env_file import EnvFile
from homeport.entry.inspect_config.find_faults import is_foreign
from homeport.entry.inspect_config.guess_name import is_default, is_probably_ours, meant_by, new_name_of
from homeport.entry.known_settings import find
from homeport.runtime.config.sources import Sources
from homeport.runtime.ops.mask import MASK, mask_text

Kind = Literal["added", "removed", "changed", "unknown", "renamed", "deprecated"]


@dataclass(frozen=True, slots=True)
class Difference:
    """One variable. Values are masked where they are secret; None: not set."""

    kind: Kind
    name: str
    before: str | None
    after: str | None
    #: The name to use instead: of a renamed variable, or the one that was probably meant.
    instead: str | None = None
    #: More to say, such as why it is deprecated.
    note: str = ""


def compare_with_defaults(sources: Sources, env: EnvFile) -> list[Difference]:
    """What is set to something else than its default."""
    defaults = {name: known.default for name in _present(sources, env) if (known := find(name)) and known.default}
    return list(_differences(_present(sources, env), defaults, from_defaults=True))


def compare_with_file(sources: Sources, env: EnvFile, other: EnvFile) -> list[Difference]:
    """What has changed from `other` to here."""
    return list(_differences(_present(sources, env), other.values, from_defaults=False))


def _present(sources: Sources, env: EnvFile) -> dict[str, str]:
    """What is set: everything in the file, and what is known in the environment, which also has names of others."""
    return {
        name: value.text
        for name, value in sources.with_prefix("")
        if name in env.values or ((known := find(name)) is not None and not is_foreign(known, value))
    }


def _differences(present: dict[str, str], before: dict[str, str], *, from_defaults: bool) -> Iterator[Difference]:
    for name in sorted(present | before):
        is_here, was_there = name in present, name in before
        old = _masked(name, before[name]) if was_there else None
        new = _masked(name, present[name]) if is_here else None
        known = find(name)
        if known is None and is_here and is_probably_ours(name):
            yield Difference("unknown", name, old, new, meant_by(name))
        elif known is not None and is_here and known.status == "dead":
            instead = new_name_of(known)
            yield Difference("renamed" if instead else "deprecated", name, old, new, instead, known.note)
        elif not is_here:
            yield Difference("removed", name, old, new)
        elif from_defaults:
            if known is not None and not is_default(known, present[name]):
                yield Difference("changed", name, old, new)
        elif not was_there:
            yield Difference("added", name, old, new)
        elif present[name] != before[name]:
            yield Difference("changed", name, old, new)


def _masked(name: str, text: str) -> str:
    known = find(name)
    return MASK if known is not None and known.secret else mask_text(text)
