"""The page of all settings and the example `.env` file, written from what the code declares."""

from __future__ import annotations

import textwrap
from collections import defaultdict
from collections.abc import Iterable, Iterator

from homeport.entry.known_settings import KnownSetting, known_settings

_PAGE = """\
# All settings

<!-- Written by `homeport config reference`; do not edit. -->

How settings are read, and which to set first: [configure](../operate/configure.md). An empty value counts as not set.
Every setting of the server can also be given as a file: `DB_PASSWORD_FILE=/run/secrets/db` gives `DB_PASSWORD`.

| status | meaning |
|---|---|
| works | Homeport does what the line says |
| not built | recognised; the feature is not in this version, so setting it changes nothing |
| elsewhere | recognised; another program of a deployment reads it, the server does not |
| dead | recognised from older files; nothing reads it |
"""

_ENV = """\
# Settings of Homeport. Written by `homeport config reference --env`; copy it to .env and change what you need.
#
# An empty value counts as not set. Values stand as they are: no ${NAME} is replaced. The environment of a process wins
# over this file. A secret is better kept in a file of its own: DB_PASSWORD_FILE=/run/secrets/db gives DB_PASSWORD.
# No secret is needed to start: what is missing is made at the first start and kept in the data directory.
"""

#: What most people set first, in this order; none is a secret.
FIRST = (
    "HOMEPORT_DATA_DIR",
    "CONSOLE_WEB_URL",
    "CONSOLE_API_URL",
    "SERVICE_API_URL",
    "FILES_URL",
    "DB_HOST",
    "STORAGE_TYPE",
    "VECTOR_STORE",
    "LOG_LEVEL",
)
_HEAD = "| name | type | default | accepted | what it does | status |\n|---|---|---|---|---|---|"
_STATUS = {"works": "works", "not_built": "not built", "elsewhere": "elsewhere", "dead": "dead"}


def written_files() -> dict[str, str]:
    """The files of a checkout that are written from the code, and what they hold."""
    return {"docs/reference/settings.md": settings_page(), "deploy/.env.example": env_example()}


def settings_page() -> str:
    """`docs/reference/settings.md`: one table per group."""
    parts = [_PAGE]
    for group, settings in _grouped(known_settings().values()):
        rows = "\n".join(_row(one) for one in settings)
        parts.append(f"\n## {group}\n\n{_HEAD}\n{rows}\n")
    return "".join(parts)


def env_example() -> str:
    """`deploy/.env.example`: the first things to set, then every setting that works, commented out."""
    known = known_settings()
    first = [known[name] for name in FIRST if name in known]
    parts = [_ENV, _title("What most people set first")]
    parts += [f"\n{_comment(one)}{one.name}={one.default}\n" for one in first]
    works = (one for one in known.values() if one.status == "works" and one not in first)
    for group, settings in _grouped(works):
        parts.append(_title(group))
        for one in settings:
            name = f"{one.name}<SCHEME>_<OPTION>" if one.prefix else one.name
            parts.append(f"\n{_comment(one)}#{name}={'' if one.secret else one.default}\n")
    return "".join(parts)


def _grouped(settings: Iterable[KnownSetting]) -> Iterator[tuple[str, list[KnownSetting]]]:
    groups: dict[str, list[KnownSetting]] = defaultdict(list)
    for one in settings:
        groups[one.group].append(one)
    yield from groups.items()


def _row(one: KnownSetting) -> str:
    name = f"`{one.name}*`" if one.prefix else f"`{one.name}`"
    default = f"`{one.default}`" if one.default else ""
    status = _STATUS[one.status]
    if one.status == "elsewhere":
        status += f": {', '.join(one.read_by)}"
    meaning = f"{one.meaning} {one.note}".strip()
    cells = (name, one.type, default, one.accepted, meaning, status)
    return "| " + " | ".join(_cell(text) for text in cells) + " |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _title(text: str) -> str:
    return f"\n# {'-' * 20}\n# {text}\n# {'-' * 20}\n"


def _comment(one: KnownSetting) -> str:
    kind = one.accepted if one.type == "one of" else ", ".join(part for part in (one.type, one.accepted) if part)
    return textwrap.fill(f"{one.meaning} ({kind})", 118, initial_indent="# ", subsequent_indent="# ") + "\n"
