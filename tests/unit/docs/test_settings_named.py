"""A setting that a page names is one that is read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from homeport.entry.settings import Settings
from homeport.runtime.config.section import Prefixed, Section
from tests.support.pages import code, pages
from tests.support.source_tree import name

_VARIABLE = re.compile(r"(?<![\w$./-])[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+(?![\w-])")
_ASSIGNED = re.compile(r"(?<![\w$-])([A-Z][A-Z0-9_]+)=")
_SHELL = re.compile(r"\$([A-Z_]+)")
# Read by tests, not by the server, or named because they are not read.
_OTHERS = re.compile(r"HOMEPORT_TEST_\w+|HTTP_PROXY|TASK|SETUPS|PLANNED|SPEC|ARGS|TESTS|WORKERS|CI|EMBEDDED")


def known() -> set[str]:
    """Every variable of every section; of prefixes, their beginning."""
    names = set()
    for field in Settings.model_fields.values():
        section = field.annotation
        assert isinstance(section, type)
        assert issubclass(section, Section)
        for setting, described in section.model_fields.items():
            prefixed = next((mark for mark in described.metadata if isinstance(mark, Prefixed)), None)
            names.add(setting.upper() if prefixed is None else prefixed.prefix)
    return names


def is_setting(variable: str, settings: set[str]) -> bool:
    plain = variable.removesuffix("_FILE")
    return variable in settings or plain in settings or any(variable.startswith(p) for p in settings if p[-1] == "_")


def named(page: Path) -> set[str]:
    lines = code(page)
    local = {variable for line in lines for variable in _SHELL.findall(line)}
    assigned = {variable for line in lines for variable in _ASSIGNED.findall(line)}
    return ({variable for line in lines for variable in _VARIABLE.findall(line)} | assigned) - local


@pytest.mark.parametrize("page", pages(), ids=name)
def test_settings_named_on_a_page_exist(page: Path) -> None:
    settings = known()
    unknown = {one for one in named(page) if not is_setting(one, settings) and not _OTHERS.fullmatch(one)}
    assert unknown == set()


def test_the_search_finds_settings() -> None:
    found = set().union(*(named(page) for page in pages()))
    assert {"DB_HOST", "MODE", "OPENAI_API_KEY", "DB_PASSWORD_FILE"} <= found
