"""A command, an option or an address that a page shows exists."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from homeport.entry.api import service_api
from homeport.entry.cli.main import COMMANDS, cli
from tests.support.pages import code, pages
from tests.support.source_tree import ROOT, name

_ASSIGNMENT = re.compile(r"[A-Z][A-Z0-9_]*=")
_PATH = re.compile(r"/v1(/[\w$<>{}/-]*)")
_TARGETS = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def calls(page: Path) -> Iterator[list[str]]:
    """Words of each command shown, without the variables set for it."""
    for line in code(page):
        words = shlex.split(line.partition(" #")[0].partition("|")[0], posix=True) if _balanced(line) else line.split()
        while words and _ASSIGNMENT.match(words[0]):
            words = words[1:]
        if words:
            yield words


def _balanced(line: str) -> bool:
    try:
        shlex.split(line.partition(" #")[0].partition("|")[0])
    except ValueError:
        return False
    return True


def _problem(words: list[str]) -> str | None:
    if words[0] == "make" and len(words) > 1:
        return None if words[1] in _TARGETS else f"make {words[1]}"
    if words[0] != "homeport" or len(words) < 2 or words[1].startswith("-"):
        return None
    if words[1] not in COMMANDS:
        return f"homeport {words[1]}"
    command, rest = cli.get_command(click.Context(cli), words[1]), words[2:]
    while isinstance(command, click.Group) and rest:
        command, rest = command.get_command(click.Context(command), rest[0]), rest[1:]
    if command is None:
        return " ".join(words[: len(words) - len(rest)])
    options = {option for parameter in command.params for option in parameter.opts} | {"--help"}
    wrong = [word for word in rest if word.startswith("--") and word.partition("=")[0] not in options]
    return f"{' '.join(words[: len(words) - len(rest)])} {wrong[0]}" if wrong else None


@pytest.mark.parametrize("page", pages(), ids=name)
def test_commands_shown_on_a_page_exist(page: Path) -> None:
    assert [problem for words in calls(page) if (problem := _problem(words))] == []


@pytest.mark.filterwarnings("ignore:Duplicate Operation ID")
def test_addresses_of_the_service_api_shown_exist() -> None:
    known = {re.sub(r"\{\w+\}", "*", path) for path in service_api().openapi()["paths"]}
    shown = {
        re.sub(r"\$\w+|<\w+>", "*", path.rstrip("/"))
        for page in pages()
        for line in code(page)
        if "$HOMEPORT" in line or line.startswith("/v1/")
        for path in _PATH.findall(line)
    }
    assert shown
    assert shown - known == set()


def test_the_search_finds_commands() -> None:
    found = [words for page in pages() for words in calls(page)]
    assert ["make", "up"] in found
    assert any(words[:2] == ["homeport", "serve"] for words in found)
