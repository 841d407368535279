"""JSON: as it is when it has lines, else broken into lines; nothing is converted, so nothing can change."""

from __future__ import annotations

import json
import re

from homeport.features.knowledge.parse.decode import text_of
from homeport.features.knowledge.parse.source import Content, Source

_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"|[{}\[\],:]|[^\s{}\[\],:"]++|"')
#: A line longer than this, in characters, is not for reading.
_LONG_LINE = 1000
_DEEPEST_INDENT = 20
_ESCAPED = re.compile(r'"(?:[^"\\]++|\\.)*+"', re.DOTALL)


def read(source: Source) -> Content:
    """The text; long lines are indented anew, and escaped letters are written as letters."""
    text = text_of(source)
    if "\\u" in text:
        text = _ESCAPED.sub(_readable, text)
    if max(map(len, text.splitlines()), default=0) > _LONG_LINE:
        text = _indent(text)
    return Content(text)


def _readable(literal: re.Match[str]) -> str:
    found = literal.group()
    if "\\u" not in found:
        return found
    try:
        text = json.dumps(json.loads(found), ensure_ascii=False)
    except ValueError:
        return found
    return text.encode("utf-8", "replace").decode("utf-8")


def _indent(text: str) -> str:
    pieces: list[str] = []
    depth = 0
    for match in _TOKEN.finditer(text):
        part = match.group()
        if part in "}]":
            depth = max(0, depth - 1)
            pieces += [_line_start(depth), part]
        elif part in "{[":
            depth += 1
            pieces += [part, _line_start(depth)]
        elif part == ",":
            pieces += [part, _line_start(depth)]
        else:
            pieces.append(": " if part == ":" else part)
            if depth == 0:
                pieces.append("\n")
    return re.sub(r"([\[{])\s*([\]}])", r"\1\2", "".join(pieces)).strip()


def _line_start(depth: int) -> str:
    return "\n" + "  " * min(depth, _DEEPEST_INDENT)
