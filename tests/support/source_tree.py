"""The source files of the checkout, for tests about the house itself."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "homeport"
_BUILT = PACKAGE / "entry" / "console"


def folders() -> Iterator[Path]:
    """Every folder of the server that holds Python, the built console left out."""
    yield PACKAGE
    for folder in sorted(PACKAGE.rglob("*/")):
        if folder != _BUILT and _BUILT not in folder.parents and any(folder.rglob("*.py")):
            yield folder


def modules() -> list[Path]:
    """Every Python file of the server."""
    return [file for folder in folders() for file in sorted(folder.glob("*.py"))]


@cache
def parsed(file: Path) -> ast.Module:
    """The syntax tree of `file`."""
    return ast.parse(file.read_text(encoding="utf-8"))


def name(file: Path) -> str:
    """The path of `file` in the checkout, with slashes."""
    return file.relative_to(ROOT).as_posix()


def committed_files() -> list[Path]:
    """Every file that git holds or would take; without git nothing is known and the list is empty."""
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    done = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=False)
    return [file for entry in done.stdout.split("\0") if entry and (file := ROOT / entry).is_file()]
