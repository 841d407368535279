"""Pages lead to each other, and nowhere into the void."""

from __future__ import annotations

from pathlib import Path

from tests.support.pages import DOCS, links, pages, target
from tests.support.source_tree import ROOT, name


def test_every_link_leads_to_a_file() -> None:
    broken = [f"{name(page)}: {link}" for page in pages() for link in links(page) if not target(page, link).exists()]
    assert broken == []


def test_every_page_is_reached_from_the_index() -> None:
    reached: set[Path] = set()
    ahead = [DOCS / "README.md"]
    while ahead:
        page = ahead.pop()
        if page not in reached and page.suffix == ".md" and page.is_file():
            reached.add(page)
            ahead += [target(page, link) for link in links(page)]
    assert [name(page) for page in pages() if page.is_relative_to(DOCS) and page not in reached] == []


def test_the_front_page_leads_to_the_guide_and_the_rules() -> None:
    reached = {target(ROOT / "README.md", link) for link in links(ROOT / "README.md")}
    wanted = {DOCS / "start" / "quick-start.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", ROOT / "LICENSE"}
    assert wanted - reached == set()


def test_decisions_have_numbers_of_their_own_without_a_gap() -> None:
    numbers = [int(page.name[:4]) for page in sorted((DOCS / "decisions").glob("[0-9]*.md"))]
    assert numbers == list(range(1, len(numbers) + 1))


def test_decisions_are_short() -> None:
    long = {
        page.name: lines
        for page in (DOCS / "decisions").glob("[0-9]*.md")
        if (lines := len(page.read_text(encoding="utf-8").splitlines())) > 40
    }
    assert long == {}
