"""A setting that a page names is one that is read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from homeport.entry.known_settings import known_settings, sections
from tests.support.pages import DOCS, code, pages
from tests.support.source_tree import name

_VARIABLE = re.compile(r"(?<![\w$./-])[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+(?![\w-])")
_ASSIGNED = re.compile(r"(?<![\w$-])([A-Z][A-Z0-9_]+)=")
_SHELL = re.compile(r"\$([A-Z_]+)")
# Read by tests, not by the server, or named because they are not read; or values.
_OTHERS = re.compile(
    r"HOMEPORT_(?:TEST|CHAOS)_\w+|CERT_\w+|HTTP_PROXY|TASK|SETUPS|PLANNED|SPEC|ARGS|TESTS|WORKERS|CI|EMBEDDED"
    r"|(?:PYTHON|NODE|NGINX)_IMAGE|EXTRAS"  # arguments of the images' builds
    r"|ALL_PROXY|SYS_ADMIN|NET_ADMIN"  # told to code in the sandbox; capabilities of its container
)


#: The page that lists also what is recognised and changes nothing.
_REFERENCE = DOCS / "reference" / "settings.md"


def known(page: Path) -> set[str]:
    """Every variable that the server or another program of a deployment reads; of prefixes, their beginning."""
    everything = known_settings().values()
    if page == _REFERENCE:
        return {text for one in everything for text in (one.name, one.default)}
    # What has a place in a room but no effect may be named: such a page says so.
    accepted = {name.upper() for section in sections().values() for name in section.model_fields}
    return accepted | {one.name for one in everything if one.status in {"works", "elsewhere"}}


def is_setting(variable: str, settings: set[str]) -> bool:
    plain = variable.removesuffix("_FILE")
    return variable in settings or plain in settings or any(variable.startswith(p) for p in settings if p.endswith("_"))


def named(page: Path) -> set[str]:
    lines = code(page)
    local = {variable for line in lines for variable in _SHELL.findall(line)}
    assigned = {variable for line in lines for variable in _ASSIGNED.findall(line)}
    return ({variable for line in lines for variable in _VARIABLE.findall(line)} | assigned) - local


@pytest.mark.parametrize("page", pages(), ids=name)
def test_settings_named_on_a_page_exist(page: Path) -> None:
    settings = known(page)
    unknown = {one for one in named(page) if not is_setting(one, settings) and not _OTHERS.fullmatch(one)}
    assert unknown == set()


def test_the_search_finds_settings() -> None:
    found = set().union(*(named(page) for page in pages()))
    assert {"DB_HOST", "MODE", "OPENAI_API_KEY", "DB_PASSWORD_FILE"} <= found
