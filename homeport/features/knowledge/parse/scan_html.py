"""Takes HTML apart into tags and text, in one pass whose time grows with the length, whatever the HTML is like.

The parser of the standard library takes minutes for a megabyte of unclosed comments.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape

_TAG = re.compile(r"</?([a-zA-Z][^\s/>]*+)")
_TAG_END = re.compile(r"[^>\"']*+(?:\"[^\"]*+\"[^>\"']*+|'[^']*+'[^>\"']*+)*+>")
# Beyond this, a quote that is not closed is not searched for; the tag then ends with the next ">".
_LONGEST_TAG = 8192
_RAW = {name: re.compile(f"</{name}", re.IGNORECASE) for name in ("script", "style")}
# Comments (the first ends at once) and, in XHTML, text without markup: start, end, whether it is text.
_ENCLOSED = (("<!-->", "", False), ("<!--", "-->", False), ("<![CDATA[", "]]>", True))
# Searching further for the end of each would take minutes where none of many has one.
_LONGEST_ENCLOSED = 100_000


@dataclass(frozen=True, slots=True)
class Start:
    """`<name attributes>`; `closed`: it ends with `/>`."""

    name: str
    attributes: str
    closed: bool

    def attribute(self, name: str) -> str | None:
        """The value of an attribute, None when there is none."""
        pattern = rf"(?:^|\s|[\"']){name}\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)'|([^\s\"'>]++))"
        found = re.search(pattern, self.attributes, re.IGNORECASE)
        return unescape(next((group for group in found.groups() if group is not None), "")) if found else None


@dataclass(frozen=True, slots=True)
class End:
    """`</name>`."""

    name: str


@dataclass(frozen=True, slots=True)
class Text:
    """Characters between tags, entities resolved."""

    text: str


def scan_html(html: str) -> Iterator[Start | End | Text]:
    """What stands in `html`, without comments, scripts and styles; tag names in lower case."""
    position = 0
    last_end = html.rfind(">")
    while position < len(html):
        opened = html.find("<", position)
        if opened < 0 or opened > last_end:
            yield Text(unescape(html[position:]))
            return
        if opened > position:
            yield Text(unescape(html[position:opened]))
        tag = _TAG.match(html, opened)
        if tag is None:
            text, position = _special(html, opened)
            if text:
                yield Text(text)
            continue
        position = _end_of_tag(html, tag.end())
        name = tag.group(1).lower()
        if html.startswith("/", opened + 1):
            yield End(name)
            continue
        attributes = html[tag.end() : position - 1]
        yield Start(name, attributes, attributes.endswith("/"))
        if name in _RAW and not attributes.endswith("/"):
            closing = _RAW[name].search(html, position)
            position = closing.start() if closing else len(html)


def _special(html: str, opened: int) -> tuple[str, int]:
    """The text in what begins with `<` but is no tag, and where it ends. There is a `>` somewhere behind it."""
    for start, end, is_text in _ENCLOSED:
        if html.startswith(start, opened):
            begin = opened + len(start)
            closing = html.find(end, begin, begin + _LONGEST_ENCLOSED)
            if closing < 0:
                return "", begin
            return html[begin:closing] if is_text else "", closing + len(end)
    if html.startswith(("<!", "<?"), opened):
        return "", html.index(">", opened) + 1
    return "<", opened + 1


def _end_of_tag(html: str, position: int) -> int:
    found = _TAG_END.match(html, position, position + _LONGEST_TAG)
    return found.end() if found else html.find(">", position) + 1
