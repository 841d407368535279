"""Finds the sample documents: the guide of this version, and a handful of files in several formats."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_HERE = Path(__file__).parent
_FILES = _HERE / "files"
#: The wheel carries docs/start here; in a checkout it lies at the top.
_INSTALLED_GUIDE = _HERE / "docs"
_GUIDE_OF_CHECKOUT = _HERE.parents[2] / "docs" / "start"


@dataclass(frozen=True, slots=True)
class SampleFile:
    """A document to load."""

    name: str
    content: bytes


def read_sample() -> list[SampleFile]:
    """All sample documents by name, the guide first. A package that carries no guide has the other files alone."""
    guide = _INSTALLED_GUIDE if _INSTALLED_GUIDE.is_dir() else _GUIDE_OF_CHECKOUT
    paths = [*sorted(guide.glob("*.md")), *sorted(path for path in _FILES.iterdir() if path.is_file())]
    return [SampleFile(path.name, path.read_bytes()) for path in paths if path.name != "README.md"]
