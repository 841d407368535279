"""The pages of the documentation, and what they name."""

from __future__ import annotations

import re
from pathlib import Path

from tests.support.source_tree import ROOT

DOCS = ROOT / "docs"
#: Templates have holes in them on purpose.
_TEMPLATES = {DOCS / "decisions" / "template.md"}

_LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^```[a-z]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`([^`\n]+)`")


def pages() -> list[Path]:
    """Every page for readers: those under docs, and the ones at the top."""
    return [
        *sorted(page for page in DOCS.rglob("*.md") if page not in _TEMPLATES),
        *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md")),
    ]


def links(page: Path) -> list[str]:
    """Targets of links to files, without the part behind #."""
    prose = _FENCE.sub("", page.read_text(encoding="utf-8"))
    return [link.partition("#")[0] for link in _LINK.findall(prose) if "://" not in link and link.partition("#")[0]]


def target(page: Path, link: str) -> Path:
    """Where a link leads."""
    return (page.parent / link).resolve()


def code(page: Path) -> list[str]:
    """Lines of code blocks, continued ones joined, and pieces of code in the text."""
    text = page.read_text(encoding="utf-8")
    blocks = "\n".join(_FENCE.findall(text)).replace("\\\n", " ").splitlines()
    return [*blocks, *_INLINE.findall(_FENCE.sub("", text))]


def headings(page: Path, level: int) -> list[str]:
    """Texts of the headings of a level."""
    prose = _FENCE.sub("", page.read_text(encoding="utf-8"))
    return [line[level + 1 :].strip() for line in prose.splitlines() if line.startswith("#" * level + " ")]
