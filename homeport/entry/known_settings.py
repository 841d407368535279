"""Every variable that is known: those that work here, and those that are recognised and change nothing.

What works is a field of a room's section. Everything else is a row under `recognised/`; when its room is built, the row
leaves and the field comes. Nothing here is loaded by a process that serves.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache
from types import MappingProxyType
from typing import Literal

from pydantic.fields import FieldInfo

from homeport.entry.recognised.read_tables import Row, as_section, read_tables
from homeport.entry.settings import Settings
from homeport.runtime.config.describe import accepted_in_words, default_in_words, type_in_words
from homeport.runtime.config.load import check_value, is_secret
from homeport.runtime.config.section import NoEffect, Prefixed, Section
from homeport.runtime.config.sources import Value

Status = Literal["works", "not_built", "elsewhere", "dead"]

#: Titles of the rooms in the settings tree, in the order of the reference.
GROUPS = {
    "deployment": "Process and addresses",
    "http": "Process and addresses",
    "database": "Database",
    "redis": "Redis",
    "celery": "Jobs and workers",
    "operate": "Jobs and workers",
    "storage": "File storage",
    "vectors": "Vector store",
    "llm": "Models",
    "providers": "Models",
    "identity": "Accounts and keys",
    "files": "Files and uploads",
    "knowledge": "Knowledge",
    "sandbox": "Code execution",
    "chat": "Apps and chat",
    "outbound": "Outgoing requests",
    "mail": "Mail",
    "logging": "Logs",
    "telemetry": "Metrics and traces",
    "offload": "Child processes",
}
_SECRET_NAME = re.compile(r"(?:^|_)(?:KEY|SECRET|PASSWORD|TOKEN|CREDENTIALS?|PASSPHRASE)(?:_|$)")


@dataclass(frozen=True, slots=True)
class KnownSetting:
    """One variable, in words for a person."""

    name: str
    #: Such as `whole number`, `true or false`, `address`, `list`.
    type: str
    #: As it would stand in a `.env` file; empty when there is none.
    default: str
    #: What is accepted beyond the type, such as `above 0`; empty when everything of the type is.
    accepted: str
    group: str
    meaning: str
    secret: bool
    #: works: this server does what it says. not_built: the feature is not there yet. elsewhere: another program of the
    #: deployment reads it. dead: nothing reads it any more.
    status: Status
    #: Why it does nothing, or what stands in its place; may be empty.
    note: str
    #: Programs that read it, such as `server`, `web`, `sandbox`, `nginx`.
    read_by: tuple[str, ...]
    #: The class of settings it belongs to.
    section: str
    #: The name is only the beginning of variables: `OPENDAL_`.
    prefix: bool = False


@cache
def known_settings() -> MappingProxyType[str, KnownSetting]:
    """All known variables by name, those that work first, each group together."""
    known = {row.name: _from_row(row) for row in read_tables()}
    fields: dict[str, KnownSetting] = {}
    for tree_name, section in sections().items():
        group = GROUPS.get(tree_name, tree_name.replace("_", " ").capitalize())
        for name, field in section.model_fields.items():
            one = _from_field(section, group, name, field)
            fields[one.name] = one
    groups = {group: position for position, group in enumerate(dict.fromkeys(GROUPS.values()))}
    rest = [one for name, one in known.items() if name not in fields]
    rest.sort(key=lambda one: (groups.get(one.group, len(groups)), one.group.lower(), one.name))
    ordered = sorted([*fields.values(), *rest], key=lambda one: one.status != "works")
    return MappingProxyType({one.name: one for one in ordered})


def sections() -> dict[str, type[Section]]:
    """The rooms' sections by their name in the settings tree, in the order of `GROUPS`."""
    order = list(GROUPS)
    found: dict[str, type[Section]] = {}
    for name in sorted(Settings.model_fields, key=lambda one: order.index(one) if one in order else len(order)):
        section = Settings.model_fields[name].annotation
        assert isinstance(section, type)
        assert issubclass(section, Section)
        found[name] = section
    return found


def find(name: str) -> KnownSetting | None:
    """What is known of the variable `name`, also when it is `X_FILE` for a known X or begins with a known prefix."""
    known = known_settings()
    if name in known:
        return known[name]
    for one in known.values():
        if one.prefix and name.startswith(one.name):
            secret = bool(_SECRET_NAME.search(name))
            return replace(one, name=name, prefix=False, secret=secret, type="secret text" if secret else "text")
    plain = known.get(name.removesuffix("_FILE"))
    if plain is None:
        return None
    return replace(
        plain,
        name=name,
        type="path",
        accepted="",
        default="",
        secret=False,
        meaning=f"File with the value of {plain.name}.",
    )


def check(name: str, text: str, origin: str = "environment") -> str | None:
    """What is wrong with `text` as the value of the variable `name`, in one sentence; None when it is accepted.

    An unknown name accepts everything; so does an empty text, which counts as unset.
    """
    declared = _declared().get(name)
    if declared is None or not text:
        return None
    return check_value(declared, name.lower(), Value(text, origin))


@cache
def _declared() -> dict[str, type[Section]]:
    """The section in which each variable stands; prefixes have none."""
    declared = {row.name: as_section(row) for row in read_tables()}
    for section in sections().values():
        for name, field in section.model_fields.items():
            if not _prefixes(field):
                declared[name.upper()] = section
    return declared


def _prefixes(field: FieldInfo) -> list[Prefixed]:
    return [mark for mark in field.metadata if isinstance(mark, Prefixed)]


def _from_field(section: type[Section], group: str, name: str, field: FieldInfo) -> KnownSetting:
    prefixes = _prefixes(field)
    idle = next((mark.reason for mark in field.metadata if isinstance(mark, NoEffect)), None)
    return KnownSetting(
        name=prefixes[0].prefix if prefixes else name.upper(),
        type=type_in_words(field),
        default=default_in_words(field),
        accepted=accepted_in_words(field),
        group=group,
        meaning=_sentence(field.description or ""),
        secret=is_secret(field),
        status="works" if idle is None else "dead",
        note=_sentence(idle or ""),
        read_by=("server",),
        section=section.__name__,
        prefix=bool(prefixes),
    )


def _from_row(row: Row) -> KnownSetting:
    field = as_section(row).model_fields[row.name.lower()]
    return KnownSetting(
        name=row.name,
        type="path" if row.type == "path" else type_in_words(field),
        default=row.default,
        accepted=accepted_in_words(field),
        group=row.group,
        meaning=_sentence(row.meaning),
        secret=is_secret(field),
        status=row.status,
        note=_sentence(row.note),
        read_by=tuple(row.read_by.split()),
        section=row.section,
    )


def _sentence(text: str) -> str:
    text = text.strip()
    if not text:
        return ""
    return text[0].upper() + text[1:] + ("" if text.endswith((".", "?", "!")) else ".")
