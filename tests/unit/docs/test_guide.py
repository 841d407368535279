"""What the guide says word for word is in the code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from homeport.features.files.settings import FilesSettings
from homeport.features.knowledge.choose_rule import AUTOMATIC
from homeport.features.knowledge.parse.formats import ACCEPTED
from tests.support.pages import DOCS, headings
from tests.support.source_tree import modules, parsed

_HOLE = "…"
_CODE = re.compile(r"`([^`]+)`")


def sentences() -> Iterator[str]:
    """Every text of the code, with … where a value is put in; a text without values stands as it is."""
    for module in modules():
        for node in ast.walk(parsed(module)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value
            elif isinstance(node, ast.JoinedStr):
                yield "".join(str(part.value) if isinstance(part, ast.Constant) else _HOLE for part in node.values)


def test_headings_of_the_troubleshooting_page_are_error_messages() -> None:
    everything = "\n".join(sentences())
    invented = [
        heading
        for heading in headings(DOCS / "start" / "troubleshooting.md", 2)
        for piece in heading.split(_HOLE)
        if piece.strip(" :") and piece.strip() not in everything
    ]
    assert invented == []


def test_formats_in_the_guide_are_accepted() -> None:
    text = (DOCS / "start" / "knowledge.md").read_text(encoding="utf-8")
    table = text.partition("## Which files can be read")[2].partition("\n\nOld ")[0]
    rows = [line.split("|")[2] for line in table.splitlines() if line.startswith("| ") and "extensions" not in line]
    shown = {word for row in rows for word in re.findall(r"[a-z0-9]+", row.replace("and others", ""))}
    assert shown
    assert shown - set(ACCEPTED) == set()


def test_the_default_limits_in_the_guide_are_those_of_the_code() -> None:
    text = " ".join((DOCS / "start" / "knowledge.md").read_text(encoding="utf-8").split())
    cut = AUTOMATIC["segmentation"]
    assert f"A file may have {FilesSettings().upload_file_size_limit} MB" in text
    assert f"up to {cut['max_tokens']} tokens and repeats up to {cut['chunk_overlap']} tokens" in text
