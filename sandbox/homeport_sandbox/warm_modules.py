"""Which modules the warm interpreter loads before it is forked: what code nodes and templates usually import."""

from __future__ import annotations

import importlib.util
from pathlib import Path

_STANDARD = (
    *("abc", "base64", "bisect", "calendar", "collections", "contextlib", "copy", "csv", "ctypes", "dataclasses"),
    *(
        "datetime",
        "decimal",
        "difflib",
        "enum",
        "fractions",
        "functools",
        "hashlib",
        "heapq",
        "html",
        "io",
        "itertools",
    ),
    *("json", "logging", "math", "operator", "random", "re", "secrets", "statistics", "string", "struct", "textwrap"),
    *("time", "traceback", "typing", "unicodedata", "urllib.parse", "urllib.request", "uuid", "zlib", "zoneinfo"),
    *("encodings.idna", "encodings.utf_8", "encodings.latin_1", "locale", "inspect", "threading"),
)
#: Templates are rendered by code too; what these load late is loaded here.
_TEMPLATES = (
    "markupsafe",
    "markupsafe._speedups",
    "jinja2",
    "jinja2.debug",
    "jinja2.ext",
    "jinja2.sandbox",
    "jinja2.nativetypes",
)

MODULES = (*_STANDARD, *_TEMPLATES)


def lenders() -> list[str]:
    """Folders of this program's own packages from which templates are taken, though code does not see them."""
    found = importlib.util.find_spec("jinja2")
    return [] if found is None or found.origin is None else [str(Path(found.origin).parents[1])]
